"""What is asked of the engine, in the database's names."""
