//! Rules over events, to alerts
