"""Data that moves: BigQuery's queries and rows, Pub/Sub's messages, and what follows a stored instance."""
