"""GEOGRAPHY: points, lines and polygons on a sphere, from and to text, and what can be computed of them."""
