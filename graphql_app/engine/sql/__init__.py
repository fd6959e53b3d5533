"""SQL fragments, operators, functions and what each database engine can do."""
