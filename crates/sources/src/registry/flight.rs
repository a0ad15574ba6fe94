//! One request for one digest, however many ask at once.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// What is being fetched right now.
pub(super) struct Flights<K, V>(Mutex<BTreeMap<K, Arc<OnceCell<V>>>>);

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord + Clone, V: Clone> Flights<K, V> {
    /// The value that `fetch`, or whoever asked for the same key a moment ago, brings. Nothing is kept afterwards.
    pub(super) async fn share<F: Future<Output = V>>(&self, key: K, fetch: impl FnOnce() -> F) -> V {
        let cell = {
            let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            flights.entry(key.clone()).or_default().clone()
        };
        let value = cell.get_or_init(fetch).await.clone();
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if flights.get(&key).is_some_and(|known| Arc::ptr_eq(known, &cell)) {
            flights.remove(&key);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn shared_while_under_way_and_fetched_again_later() {
        let (flights, count) = (Flights::<u8, u32>::default(), AtomicU32::new(0));
        let fetch = || async {
            tokio::task::yield_now().await;
            count.fetch_add(1, Ordering::Relaxed)
        };
        let (a, b, c) =
            tokio::join!(flights.share(1, fetch), flights.share(1, fetch), flights.share(2, fetch));
        assert!(a == b && a != c, "{a} {b} {c}");
        assert_eq!(flights.share(1, fetch).await, 2);
    }
}
