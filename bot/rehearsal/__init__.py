"""The rehearsal: loopback servers for TikTok Shop, Shopify and Slack that refuse what the real ones refuse."""
