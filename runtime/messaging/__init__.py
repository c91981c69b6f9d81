"""Redis streams, MQTT, and what processes say to each other over them."""
