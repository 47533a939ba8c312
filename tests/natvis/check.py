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
        elif child.tag == NAMESPACE + "Item":
            yield child.text


root = ElementTree.parse(sys.argv[1]).getroot()
assert root.tag == NAMESPACE + "AutoVisualizer", root.tag
types = root.findall(NAMESPACE + "Type")
assert types
print('#include "natvis.h"')
for number, node in enumerate(types):
    print(f"struct check_{number} : {node.attrib['Name']} {{\n    void look()\n    {{")
    for expression in expressions(node):
        print(f"        (void)({re.sub(r',s8$', '', expression)});")
    print("    }\n};")
