"""What the fixtures stand on: private database servers, free ports, the keeper process, golden files."""
