"""All components as small tiles: what is ablated, and a click that ablates or restores one."""
