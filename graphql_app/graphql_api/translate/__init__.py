"""Operations -> requests."""
