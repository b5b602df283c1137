"""Province codes as Shopify lists them, by the names that TikTok sends in `district_info` (and by the code itself)."""

_US = (
    "AL Alabama;AK Alaska;AS American Samoa;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;"
    "DE Delaware;DC District of Columbia|Washington DC|Washington, D.C.;FL Florida;GA Georgia;GU Guam;HI Hawaii;"
    "ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas;KY Kentucky;LA Louisiana;ME Maine;MH Marshall Islands;"
    "MD Maryland;MA Massachusetts;MI Michigan;FM Micronesia|Federated States of Micronesia;MN Minnesota;"
    "MS Mississippi;MO Missouri;MT Montana;NE Nebraska;NV Nevada;NH New Hampshire;NJ New Jersey;NM New Mexico;"
    "NY New York;NC North Carolina;ND North Dakota;MP Northern Mariana Islands;OH Ohio;OK Oklahoma;OR Oregon;"
    "PW Palau;PA Pennsylvania;PR Puerto Rico;RI Rhode Island;SC South Carolina;SD South Dakota;TN Tennessee;"
    "TX Texas;UT Utah;VT Vermont;VI U.S. Virgin Islands|Virgin Islands;VA Virginia;WA Washington;"
    "WV West Virginia;WI Wisconsin;WY Wyoming;AA Armed Forces Americas;AE Armed Forces Europe;"
    "AP Armed Forces Pacific"
)
_CA = (
    "AB Alberta;BC British Columbia;MB Manitoba;NB New Brunswick;NL Newfoundland and Labrador|Newfoundland;"
    "NT Northwest Territories;NS Nova Scotia;NU Nunavut;ON Ontario;PE Prince Edward Island;QC Quebec|Québec;"
    "SK Saskatchewan;YT Yukon"
)
_AU = (
    "ACT Australian Capital Territory;NSW New South Wales;NT Northern Territory;QLD Queensland;"
    "SA South Australia;TAS Tasmania;VIC Victoria;WA Western Australia"
)
_GB = "ENG England;SCT Scotland;WLS Wales|Cymru;NIR Northern Ireland"
_MX = (
    "AGS Aguascalientes;BC Baja California;BCS Baja California Sur;CAMP Campeche;CHIS Chiapas;CHIH Chihuahua;"
    "DF Ciudad de México|Ciudad de Mexico|Mexico City;COAH Coahuila|Coahuila de Zaragoza;COL Colima;DGO Durango;"
    "GTO Guanajuato;GRO Guerrero;HGO Hidalgo;JAL Jalisco;MEX México|Estado de México|Estado de Mexico;"
    "MICH Michoacán|Michoacán de Ocampo|Michoacan;MOR Morelos;NAY Nayarit;NL Nuevo León|Nuevo Leon;OAX Oaxaca;"
    "PUE Puebla;QRO Querétaro|Queretaro;Q ROO Quintana Roo;SLP San Luis Potosí|San Luis Potosi;SIN Sinaloa;"
    "SON Sonora;TAB Tabasco;TAMPS Tamaulipas;TLAX Tlaxcala;VER Veracruz|Veracruz de Ignacio de la Llave;"
    "YUC Yucatán|Yucatan;ZAC Zacatecas"
)
_BR = (
    "AC Acre;AL Alagoas;AP Amapá|Amapa;AM Amazonas;BA Bahia;CE Ceará|Ceara;DF Distrito Federal;"
    "ES Espírito Santo|Espirito Santo;GO Goiás|Goias;MA Maranhão|Maranhao;MT Mato Grosso;MS Mato Grosso do Sul;"
    "MG Minas Gerais;PA Pará|Para;PB Paraíba|Paraiba;PR Paraná|Parana;PE Pernambuco;PI Piauí|Piaui;"
    "RJ Rio de Janeiro;RN Rio Grande do Norte;RS Rio Grande do Sul;RO Rondônia|Rondonia;RR Roraima;"
    "SC Santa Catarina;SP São Paulo|Sao Paulo;SE Sergipe;TO Tocantins"
)
_MY = (
    "JHR Johor;KDH Kedah;KTN Kelantan;KUL Kuala Lumpur|WP Kuala Lumpur|Wilayah Persekutuan Kuala Lumpur;"
    "LBN Labuan|WP Labuan;MLK Melaka|Malacca;NSN Negeri Sembilan;PHG Pahang;PNG Penang|Pulau Pinang;PRK Perak;"
    "PLS Perlis;PJY Putrajaya|WP Putrajaya;SBH Sabah;SWK Sarawak;SGR Selangor;TRG Terengganu"
)
_BY_COUNTRY = {"US": _US, "CA": _CA, "AU": _AU, "GB": _GB, "MX": _MX, "BR": _BR, "MY": _MY}


def _table(rows: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows.split(";"):
        code, names = ("Q ROO", row[6:]) if row.startswith("Q ROO ") else row.split(" ", 1)
        found[code.casefold()] = code
        for name in names.split("|"):
            found[name.casefold()] = code
    return found


_TABLES = {country: _table(rows) for country, rows in _BY_COUNTRY.items()}
WITHOUT = frozenset({"DE", "FR", "SG"})
"""Countries where Shopify and the post do without: the first-level name would only clutter the address."""


def province_code(country: str, names: tuple[str, ...]) -> str | None:
    """The code of the first of these names that Shopify knows in this country; None when it knows none."""
    table = _TABLES.get(country, {})
    return next((table[name.strip().casefold()] for name in names if name.strip().casefold() in table), None)
