"""Cuts bot/rehearsal/shopify_schema.graphql out of Shopify's full Admin schema.

usage: shopify_subset.py FULL_SCHEMA [DOCUMENTS ...] > bot/rehearsal/shopify_schema.graphql
Kept: the fields listed in KEEP, whatever the documents (.graphql, or .py with GraphQL texts) select besides, and every
argument, input and enum behind them, whole. Nothing is renamed or re-typed, so that the fake refuses what Shopify does.
"""

import runpy
import sys
from pathlib import Path

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    get_named_type,
    parse,
    print_schema,
    visit,
)

KEEP = """
QueryRoot: bulkOperation bulkOperations currentAppInstallation fulfillmentOrder inventoryItem inventoryLevel
QueryRoot: inventoryProperties job location locations metafieldDefinitions node nodes order orderByIdentifier orders
QueryRoot: ordersCount product productTags productTypes productVariant productVariants productVariantsCount products
QueryRoot: productsCount shop webhookSubscriptions
Mutation: bulkOperationCancel bulkOperationRunQuery fulfillmentCreate fulfillmentOrderHold fulfillmentOrderReleaseHold
Mutation: inventoryAdjustQuantities inventorySetQuantities metafieldDefinitionCreate orderCancel orderCreate
Mutation: orderMarkAsPaid orderUpdate productVariantsBulkUpdate refundCreate tagsAdd tagsRemove
Mutation: webhookSubscriptionCreate webhookSubscriptionDelete
Node: id
DisplayableError: field message
JobResult: done id
Shop: id name myshopifyDomain currencyCode taxesIncluded ianaTimezone enabledPresentmentCurrencies plan url createdAt
ShopPlan: displayName partnerDevelopment publicDisplayName shopifyPlus
AppInstallation: id accessScopes app
App: id handle title apiKey
AccessScope: handle description
Location: id legacyResourceId name isActive fulfillsOnlineOrders shipsInventory isPrimary createdAt updatedAt
Product: id legacyResourceId title handle status productType vendor tags category createdAt updatedAt totalInventory
Product: tracksInventory hasOnlyDefaultVariant variants variantsCount onlineStoreUrl
TaxonomyCategory: id name fullName level isLeaf
ProductVariant: id legacyResourceId title displayName sku barcode price compareAtPrice contextualPricing
ProductVariant: inventoryItem inventoryPolicy inventoryQuantity sellableOnlineQuantity availableForSale product position
ProductVariant: requiresComponents selectedOptions taxable createdAt updatedAt
ProductVariantContextualPricing: price compareAtPrice
SelectedOption: name value
InventoryItem: id legacyResourceId sku tracked requiresShipping createdAt updatedAt inventoryLevel inventoryLevels
InventoryItem: variant variants
InventoryLevel: id isActive item location quantities createdAt updatedAt
InventoryQuantity: id name quantity updatedAt
InventoryProperties: quantityNames
InventoryQuantityName: name displayName isInUse belongsTo comprises
Order: id legacyResourceId name number note tags email phone poNumber test sourceName sourceIdentifier app
Order: customAttributes createdAt processedAt updatedAt closed closedAt cancelledAt cancelReason cancellation confirmed
Order: currencyCode presentmentCurrencyCode taxesIncluded displayFinancialStatus displayFulfillmentStatus fullyPaid
Order: unpaid canMarkAsPaid edited requiresShipping discountCode discountCodes lineItems shippingAddress billingAddress
Order: shippingLine shippingLines taxLines transactions fulfillments fulfillmentOrders fulfillmentsCount refunds
Order: metafield metafields subtotalPriceSet currentSubtotalPriceSet totalPriceSet currentTotalPriceSet totalTaxSet
Order: currentTotalTaxSet totalDiscountsSet currentTotalDiscountsSet totalShippingPriceSet totalOutstandingSet
Order: totalReceivedSet totalRefundedSet netPaymentSet originalTotalPriceSet subtotalLineItemsQuantity
Order: currentSubtotalLineItemsQuantity returnStatus registeredSourceUrl
OrderApp: id name
OrderCancellation: staffNote
Attribute: key value
LineItem: id name title variantTitle sku quantity currentQuantity fulfillableQuantity refundableQuantity
LineItem: nonFulfillableQuantity unfulfilledQuantity requiresShipping taxable vendor product variant customAttributes
LineItem: originalUnitPriceSet originalTotalSet discountedUnitPriceSet discountedTotalSet totalDiscountSet taxLines
MoneyBag: shopMoney presentmentMoney
MoneyV2: amount currencyCode
TaxLine: title rate ratePercentage priceSet channelLiable
ShippingLine: id title code source originalPriceSet discountedPriceSet taxLines
MailingAddress: id address1 address2 city company country countryCodeV2 firstName lastName name phone province
MailingAddress: provinceCode zip
OrderTransaction: id kind status gateway amountSet createdAt processedAt test parentTransaction manualPaymentGateway
Fulfillment: id legacyResourceId name status displayStatus createdAt updatedAt deliveredAt trackingInfo
Fulfillment: fulfillmentLineItems location order totalQuantity requiresShipping
FulfillmentTrackingInfo: company number url
FulfillmentLineItem: id quantity lineItem
FulfillmentOrder: id status requestStatus createdAt updatedAt fulfillAt orderId orderName assignedLocation
FulfillmentOrder: fulfillmentHolds lineItems order supportedActions
FulfillmentOrderAssignedLocation: name location
FulfillmentOrderSupportedAction: action
FulfillmentHold: id reason reasonNotes handle displayReason heldByRequestingApp
FulfillmentOrderLineItem: id totalQuantity remainingQuantity sku lineItem variant productTitle inventoryItemId
Refund: id legacyResourceId note createdAt updatedAt order refundLineItems totalRefundedSet transactions
RefundLineItem: id quantity restockType restocked lineItem location subtotalSet
Metafield: id namespace key type value ownerType createdAt updatedAt
MetafieldDefinition: id name namespace key ownerType type capabilities description
MetafieldDefinitionType: name category
MetafieldCapabilities: uniqueValues
MetafieldCapabilityUniqueValues: eligible enabled
Job: id done
OrderCancelJobResult: id done status errors order
BulkOperation: id status errorCode type query url partialDataUrl objectCount rootObjectCount fileSize createdAt
BulkOperation: completedAt
WebhookSubscription: id legacyResourceId topic uri format filter includeFields metafieldNamespaces name apiVersion
WebhookSubscription: createdAt updatedAt endpoint
WebhookHttpEndpoint: callbackUrl
ApiVersion: handle displayName supported
InventoryAdjustmentGroup: id reason referenceDocumentUri createdAt changes
InventoryChange: name delta quantityAfterChange item location
Count: count precision
"""


class Subset:
    """The wanted fields per type, grown until nothing is missing."""

    def __init__(self, full: GraphQLSchema) -> None:
        self.full = full
        self.fields: dict[str, set[str]] = {}
        self.whole: set[str] = set()
        for line in KEEP.strip().splitlines():
            name, _, fields = line.partition(": ")
            self.fields.setdefault(name, set()).update(fields.split())

    def add_document(self, document: DocumentNode) -> None:
        info, wanted = TypeInfo(self.full), self.fields

        class Collector(Visitor):
            def enter_field(self, node: FieldNode, *_: object) -> None:
                parent = info.get_parent_type()
                if parent is not None and not node.name.value.startswith("__"):
                    wanted.setdefault(parent.name, set()).add(node.name.value)

        visit(document, TypeInfoVisitor(info, Collector()))

    def close(self) -> None:
        """Adds what the kept fields need: inputs and enums whole; connections, edges and payloads whole."""
        todo = list(self.fields)
        while todo:
            named = self.full.type_map[todo.pop()]
            for name in sorted(self.fields[named.name]):
                field = named.fields[name]
                for argument in field.args.values():
                    self._take_input(get_named_type(argument.type))
                target = get_named_type(field.type)
                if target.name not in self.fields and isinstance(target, (GraphQLObjectType, GraphQLInterfaceType)):
                    if not target.name.endswith(("Connection", "Edge", "Payload", "Error", "PageInfo")):
                        raise SystemExit(f"{named.name}.{name} returns {target.name}, which KEEP does not list")
                    self.fields[target.name] = {
                        inner for inner, f in target.fields.items() if not f.deprecation_reason or inner == "userErrors"
                    }
                    todo.append(target.name)
                elif not isinstance(target, (GraphQLObjectType, GraphQLInterfaceType)):
                    self.whole.add(target.name)

    def _take_input(self, named) -> None:
        if named.name in self.whole:
            return
        self.whole.add(named.name)
        if isinstance(named, GraphQLInputObjectType):
            for field in named.fields.values():
                self._take_input(get_named_type(field.type))

    def cut(self) -> GraphQLSchema:
        """Removes from the full schema, in place, all that is not wanted."""
        types = self.full.type_map
        for name, fields in self.fields.items():
            kept = types[name]
            kept.fields = {field: value for field, value in kept.fields.items() if field in fields}
            kept.interfaces = tuple(one for one in kept.interfaces if one.name in self.fields)
        for name in self.whole:
            if isinstance(types[name], GraphQLUnionType):
                types[name].types = tuple(one for one in types[name].types if one.name in self.fields)
        wanted = set(self.fields) | self.whole
        for name in [name for name in types if name not in wanted and not name.startswith("__")]:
            del types[name]
        self.full.type_map = dict(sorted(types.items()))
        return self.full


def texts(path: Path) -> list[str]:
    """The GraphQL texts in a file."""
    if path.suffix != ".py":
        return [path.read_text(encoding="utf-8")]
    found = []
    for value in runpy.run_path(str(path)).values():
        if isinstance(value, str) and "{" in value:
            try:
                parse(value)
            except GraphQLError:
                continue
            found.append(value)
    return found


def main(full: str, *documents: str) -> None:
    subset = Subset(build_schema(Path(full).read_text(encoding="utf-8")))
    for path in documents:
        for text in texts(Path(path)):
            subset.add_document(parse(text))
    subset.close()
    print("# A subset of Shopify's Admin GraphQL schema, version 2026-10; cut by tests/rehearsal/shopify_subset.py.\n")
    print(print_schema(subset.cut()))


if __name__ == "__main__":
    main(*sys.argv[1:])
