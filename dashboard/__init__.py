"""The dashboard: shows people what is in the database."""
