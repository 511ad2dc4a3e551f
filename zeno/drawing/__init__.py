"""What the pages of Zeno share: numerals, scales, axes, charts as SVG, their look. No page, and no statistics."""
