"""Plans -> SQL statements that answer in JSON text."""
