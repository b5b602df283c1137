"""Colour names and the plain colour each is a kind of: "Slate" never shares a word with "Grey"."""

from collections.abc import Collection

_FAMILIES = """
black: black jet ebony onyx raven ink midnight coal obsidian noir schwarz negro
white: white snow pearl chalk alabaster porcelain blanc weiss blanco
cream: cream ecru ivory vanilla oat oatmeal eggshell bone offwhite buttermilk
beige: beige sand tan nude camel stone fawn khaki biscuit latte desert taupe wheat natural
grey: grey gray slate graphite charcoal ash silver smoke mist dove gunmetal steel pewter cloud fog grau anthracite
brown: brown chocolate coffee mocha chestnut walnut espresso cocoa cinnamon toffee caramel hazel umber bronze tobacco
red: red crimson scarlet cherry ruby brick rust tomato poppy rouge rot rojo vermilion cardinal
burgundy: burgundy merlot wine maroon bordeaux oxblood claret mulberry berry garnet
pink: pink rose blush fuchsia magenta ballet salmon bubblegum rosa peony flamingo hotpink
orange: orange tangerine apricot peach coral amber rust terracotta clementine copper papaya
yellow: yellow mustard lemon gold canary honey sunflower butter ochre saffron marigold
green: green olive sage forest emerald mint lime moss fern army jade pine eucalyptus eucalypt hunter pistachio basil
teal: teal turquoise aqua petrol peacock cyan lagoon
blue: blue navy royal sky cobalt azure denim indigo ocean powder sapphire baby cornflower steel marine bleu blau azul
purple: purple lilac lavender violet plum grape orchid mauve aubergine amethyst heather wisteria lila iris
clear: clear transparent crystal
multi: multi multicolour multicolor rainbow assorted
"""
SHADES = frozenset(
    {
        "light", "dark", "pale", "deep", "bright", "pure", "baby", "dusty", "hot", "off", "soft", "matte", "mat",
        "neon", "true", "jet", "warm", "cool", "pastel", "vintage", "classic", "rich",
    }
)  # fmt: skip
"""Words that only tone a colour."""
TELLING_SHADES = frozenset(["light", "dark", "pale", "deep"])
"""Those that make it another colour: Light Grey is not Grey."""
_FAMILY: dict[str, set[str]] = {}
for _line in _FAMILIES.strip().splitlines():
    _base, _names = _line.split(":")
    for _name in _names.split():
        _FAMILY.setdefault(_name, set()).add(_base)


def families(words: Collection[str]) -> set[str]:
    """The plain colours that these words name, alone or as one."""
    joined = "".join(sorted(words)) if len(words) == 2 else ""
    return {family for word in (*words, joined) for family in _FAMILY.get(word, ())}


def is_colour(word: str) -> bool:
    return word in _FAMILY or word in SHADES
