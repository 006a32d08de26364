"""The demo: a made-up portfolio, loaded and scored, with both servers running on it."""
