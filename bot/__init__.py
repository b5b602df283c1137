"""Linkbot: links TikTok Shop SKUs to Shopify variants and mirrors orders, from inside Slack."""

__version__ = "0.1.0"
