"""How pages are rendered: a page's own templates beside the shared ones, everything escaped.

chart.html.j2     macros: draw(chart), tiles(items)
base.css.j2       the look of every page: light and dark, phone and desk, print
crosshair.js.j2   reads the values under the pointer; a page is complete without it
"""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def environment(package: str) -> Environment:
    """Return the templates of ``package`` and of this one; what a template does not know is an error."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader("zeno.drawing", ".")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # A page must never hold NaN, and the crosshair lists its series in their order.
    made.policies["json.dumps_kwargs"] = {"sort_keys": False, "allow_nan": False, "separators": (",", ":")}
    return made
