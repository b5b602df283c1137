"""Every GraphQL text we send. Checked against the real schema by tests/clients/test_queries.py.

Cost: the sum of what is *asked for* must stay below 1000 points, however little comes back; hence the small pages.
"""

_LEVEL = """
        id isActive
        location { id isActive fulfillsOnlineOrders }
        quantities(names: ["available"]) { name quantity }
"""
_VARIANT = """
      id title sku barcode price inventoryPolicy updatedAt
      selectedOptions { name value }
      product { id title status tags productType updatedAt category { id name } }
"""
_ITEM_PARTS = f"""
fragment ItemParts on InventoryItem {{
      id tracked
      inventoryLevels(first: 6) {{
        nodes {{{_LEVEL}        }}
        pageInfo {{ hasNextPage }}
      }}
}}
"""
_VARIANT_PARTS = f"""
fragment VariantParts on ProductVariant {{{_VARIANT}
      inventoryItem {{ ...ItemParts }}
}}
{_ITEM_PARTS}"""
_ORDER_PARTS = """
fragment OrderParts on Order {
      id name sourceIdentifier tags note createdAt cancelledAt
      customAttributes { key value }
      currentTotalPriceSet { shopMoney { amount currencyCode } }
      totalPriceSet { shopMoney { amount currencyCode } }
      metafield(namespace: "$app:linkbot", key: "tiktok_order_id") { value }
}
"""

_LOOK_PARTS = """
fragment LookParts on Order {
      id name sourceIdentifier tags note createdAt cancelledAt
      customAttributes { key value }
}
"""
"""As little as a look-up needs: it is made before every creation and comes out of the store's cost budget."""

# the store

SHOP = "query shop { shop { name myshopifyDomain currencyCode taxesIncluded } }"
SCOPES = "query scopes { currentAppInstallation { accessScopes { handle } } }"

# catalogue

BULK_VARIANTS = f"""
{{
  productVariants {{
    edges {{
      node {{{_VARIANT}
        inventoryItem {{
          id tracked
          inventoryLevels {{ edges {{ node {{{_LEVEL}          }} }} }}
        }}
      }}
    }}
  }}
}}
"""
BULK_START = """
mutation bulkStart($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id status }
    userErrors { code field message }
  }
}
"""
BULK_STATE = """
query bulkState($id: ID!) {
  bulkOperation(id: $id) { id status errorCode objectCount url }
}
"""
VARIANTS = f"""
query variants($first: Int!, $after: String) {{
  productVariants(first: $first, after: $after, sortKey: ID) {{
    nodes {{ ...VariantParts }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
{_VARIANT_PARTS}
"""
PRODUCTS_UPDATED = f"""
query productsUpdated($first: Int!, $inner: Int!, $after: String, $query: String!) {{
  products(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    nodes {{
      id
      variants(first: $inner) {{
        nodes {{ ...VariantParts }}
        pageInfo {{ hasNextPage }}
      }}
    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
{_VARIANT_PARTS}
"""
PRODUCT_VARIANTS = f"""
query productVariants($id: ID!, $first: Int!, $after: String) {{
  product(id: $id) {{
    id
    variants(first: $first, after: $after) {{
      nodes {{ ...VariantParts }}
      pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}
{_VARIANT_PARTS}
"""
VARIANTS_BY_ID = f"""
query variantsById($ids: [ID!]!) {{
  nodes(ids: $ids) {{ ...VariantParts }}
}}
{_VARIANT_PARTS}
"""
STOCK = f"""
query stock($ids: [ID!]!) {{
  nodes(ids: $ids) {{ ...ItemParts }}
}}
{_ITEM_PARTS}
"""
ITEM_LEVELS = f"""
query itemLevels($id: ID!, $after: String) {{
  inventoryItem(id: $id) {{
    id tracked
    inventoryLevels(first: 50, after: $after) {{
      nodes {{{_LEVEL}      }}
      pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}
"""

# orders

ORDER_BY_IDENTIFIER = f"""
query orderByIdentifier($value: String!) {{
  orderByIdentifier(
    identifier: {{ customId: {{ namespace: "$app:linkbot", key: "tiktok_order_id", value: $value }} }}
  ) {{
    ...LookParts
    metafield(namespace: "$app:linkbot", key: "tiktok_order_id") {{ value }}
  }}
}}
{_LOOK_PARTS}
"""
ORDERS_SEARCH = f"""
query ordersSearch($source: String!, $tag: String!, $name: String!, $words: String!) {{
  source: orders(first: 2, query: $source) {{ nodes {{ ...LookParts }} }}
  tag: orders(first: 2, query: $tag) {{ nodes {{ ...LookParts }} }}
  name: orders(first: 2, query: $name) {{ nodes {{ ...LookParts }} }}
  words: orders(first: 4, query: $words) {{ nodes {{ ...LookParts }} }}
}}
{_LOOK_PARTS}
"""
NEWEST_ORDERS = f"""
query newestOrders($first: Int!, $after: String) {{
  orders(first: $first, after: $after, sortKey: CREATED_AT, reverse: true) {{
    nodes {{ ...LookParts }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
{_LOOK_PARTS}
"""
ORDER = f"""
query order($id: ID!, $after: String) {{
  order(id: $id) {{
    ...OrderParts
    lineItems(first: 10, after: $after) {{
      nodes {{ id quantity variant {{ id }} }}
      pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}
{_ORDER_PARTS}
"""
CREATE_ORDER = f"""
mutation createOrder($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput!) {{
  orderCreate(order: $order, options: $options) {{
    order {{
      ...OrderParts
      lineItems(first: 10) {{
        nodes {{ id quantity variant {{ id }} }}
        pageInfo {{ hasNextPage endCursor }}
      }}
    }}
    userErrors {{ code field message }}
  }}
}}
{_ORDER_PARTS}
"""
CANCEL_ORDER = """
mutation cancelOrder($id: ID!, $restock: Boolean!, $refund: OrderCancelRefundMethodInput, $note: String) {
  orderCancel(
    orderId: $id, reason: CUSTOMER, restock: $restock, refundMethod: $refund, notifyCustomer: false, staffNote: $note
  ) {
    job { id done }
    orderCancelUserErrors { code field message }
  }
}
"""
IDENTIFIER_DEFINITION = """
query identifierDefinition {
  metafieldDefinitions(first: 1, ownerType: ORDER, namespace: "$app:linkbot", key: "tiktok_order_id") {
    nodes { id }
  }
}
"""
CREATE_IDENTIFIER = """
mutation createIdentifier($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) {
    createdDefinition { id }
    userErrors { code field message }
  }
}
"""

# webhooks

SUBSCRIPTIONS = """
query subscriptions($after: String) {
  webhookSubscriptions(first: 100, after: $after) {
    nodes { id topic uri }
    pageInfo { hasNextPage endCursor }
  }
}
"""
SUBSCRIBE = """
mutation subscribe($topic: WebhookSubscriptionTopic!, $uri: String!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: { uri: $uri, format: JSON }) {
    webhookSubscription { id topic uri }
    userErrors { field message }
  }
}
"""
UNSUBSCRIBE = """
mutation unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) {
    deletedWebhookSubscriptionId
    userErrors { field message }
  }
}
"""

DOCUMENTS = {
    name: value
    for name, value in list(globals().items())
    if name.isupper() and isinstance(value, str) and not name.startswith("_")
}
"""Every text by its name, for the schema test."""
