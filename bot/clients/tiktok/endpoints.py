"""Every TikTok endpoint we call, with its version: old ones are only guaranteed two months after a new one appears."""

from bot.clients.tiktok.calls import Endpoint

# accounts
SHOPS = Endpoint("shops", "GET", "/authorization/202309/shops", cipher=False)
WEBHOOKS = Endpoint("webhooks", "GET", "/event/202309/webhooks")
SUBSCRIBE = Endpoint("webhooks.put", "PUT", "/event/202309/webhooks", repeatable=False)
UNSUBSCRIBE = Endpoint("webhooks.delete", "DELETE", "/event/202309/webhooks", repeatable=False)

# catalogue
PRODUCT_SEARCH = Endpoint("products.search", "POST", "/product/202502/products/search")
PRODUCT = Endpoint("products.detail", "GET", "/product/202309/products/{product_id}")
STOCK_SEARCH = Endpoint("stock.search", "POST", "/product/202309/inventory/search")
SET_STOCK = Endpoint("stock.update", "POST", "/product/202309/products/{product_id}/inventory/update", repeatable=False)
SET_PRICE = Endpoint("price.update", "POST", "/product/202309/products/{product_id}/prices/update", repeatable=False)

# orders
ORDER_SEARCH = Endpoint("orders.search", "POST", "/order/202309/orders/search")
ORDERS = Endpoint("orders.detail", "GET", "/order/202507/orders")
PRICE_DETAIL = Endpoint("orders.price_detail", "GET", "/order/202407/orders/{order_id}/price_detail")
ADD_REFERENCES = Endpoint("references.add", "POST", "/order/202406/orders/external_orders", repeatable=False)
REFERENCES = Endpoint("references", "GET", "/order/202406/orders/{order_id}/external_orders")
REFERENCE_SEARCH = Endpoint("references.search", "POST", "/order/202406/orders/external_order_search")

# shipping
WAREHOUSES = Endpoint("warehouses", "GET", "/logistics/202309/warehouses")
DELIVERY_OPTIONS = Endpoint("delivery_options", "GET", "/logistics/202309/warehouses/{warehouse_id}/delivery_options")
PROVIDERS = Endpoint(
    "shipping_providers", "GET", "/logistics/202309/delivery_options/{delivery_option_id}/shipping_providers"
)
MARK_SHIPPED = Endpoint(
    "packages.mark_shipped", "POST", "/fulfillment/202309/orders/{order_id}/packages", repeatable=False
)
SHIP_PACKAGE = Endpoint("packages.ship", "POST", "/fulfillment/202309/packages/{package_id}/ship", repeatable=False)
PACKAGE_SEARCH = Endpoint("packages.search", "POST", "/fulfillment/202309/packages/search")
PACKAGE = Endpoint("packages.detail", "GET", "/fulfillment/202309/packages/{package_id}")
UPDATE_SHIPPING = Endpoint(
    "packages.update", "POST", "/fulfillment/202309/packages/{package_id}/shipping_info/update", repeatable=False
)
TRACKING = Endpoint("orders.tracking", "GET", "/fulfillment/202309/orders/{order_id}/tracking")

# cancellations and returns
CANCEL_SEARCH = Endpoint("cancellations.search", "POST", "/return_refund/202309/cancellations/search")
CANCEL = Endpoint("cancellations.create", "POST", "/return_refund/202309/cancellations", repeatable=False)
APPROVE_CANCEL = Endpoint(
    "cancellations.approve", "POST", "/return_refund/202309/cancellations/{cancel_id}/approve", repeatable=False
)
REJECT_CANCEL = Endpoint(
    "cancellations.reject", "POST", "/return_refund/202309/cancellations/{cancel_id}/reject", repeatable=False
)
RETURN_SEARCH = Endpoint("returns.search", "POST", "/return_refund/202309/returns/search")

ALL = tuple(value for value in list(globals().values()) if isinstance(value, Endpoint))
