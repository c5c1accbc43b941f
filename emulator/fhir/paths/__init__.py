"""The part of FHIRPath in which search parameters say what they are about, compiled to functions of plain JSON.

`compiling.compiled("Patient.name.given")` gives a function that takes a resource and gives the list of its values.
"""
