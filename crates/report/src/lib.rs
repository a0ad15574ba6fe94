//! One format per file: findings and items rendered
