"""What a request may cost, found before it is planned."""
