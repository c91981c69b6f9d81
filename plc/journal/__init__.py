"""What the bridge writes down before anybody sees it."""
