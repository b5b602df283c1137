"""Cases from the field: failures that other connectors had, as data, played against the whole bot."""
