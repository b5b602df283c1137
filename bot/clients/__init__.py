"""HTTP to TikTok Shop and Shopify: values in, values out; no dict, no JSON key and no secret leaves this room."""
