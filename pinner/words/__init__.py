"""The words all rooms speak: frozen values and errors. Never does IO, never imports another room."""
