# SPDX-License-Identifier: MIT
"""Makes C++ of a natvis file: each type a struct that inherits from the real one, with every expression in a function of it. If
that compiles, every field that the file names is there.

    check.py FILE.natvis >check.cpp
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

NAMESPACE = "{http://schemas.microsoft.com/vstudio/debugger/natvis/2010}"


def expressions(node):
    for child in node.iter():
        if "Condition" in child.attrib:
            yield child.attrib["Condition"]
        if child.tag == NAMESPACE + "DisplayString":
            yield from re.findall(r"{([^{}]*)}", child.text)
        elif child.tag in (NAMESPACE + "Item", NAMESPACE + "HeadPointer"):
            yield child.text


def structs():
    """Pairs of a type and the expressions that are for it; a list's nodes are of the type that its first pointer is cast to."""
    for node in root.findall(NAMESPACE + "Type"):
        yield node.attrib["Name"], expressions(node)
        for chain in node.iter(NAMESPACE + "LinkedListItems"):
            node_type = re.match(r"\((\w+)\*\)", chain.find(NAMESPACE + "HeadPointer").text).group(1)
            yield node_type, [chain.find(NAMESPACE + tag).text for tag in ("NextPointer", "ValueNode")]


root = ElementTree.parse(sys.argv[1]).getroot()
assert root.tag == NAMESPACE + "AutoVisualizer", root.tag
assert root.findall(NAMESPACE + "Type")
print('#include "natvis.h"')
for number, (name, wanted) in enumerate(structs()):
    print(f"struct check_{number} : {name} {{\n    void look()\n    {{")
    for expression in wanted:
        print(f"        (void)({re.sub(r',s8$', '', expression)});")
    print("    }\n};")
