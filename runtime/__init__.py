"""What every process needs: settings, log, metrics, Redis streams, MQTT link, outbox, clock."""
