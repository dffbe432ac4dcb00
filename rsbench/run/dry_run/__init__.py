"""What a comparison would cost, before anything runs."""
