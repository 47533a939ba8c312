# SPDX-License-Identifier: MIT
"""Runs the recipe with classes that do what Conan's of these names do, as far as the recipe can notice, and compiles a
program with what it then tells. Usage: conan.py SOURCE FOLDER static|shared COMPILER PROGRAM
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import types

source, folder, kind, compiler, program = sys.argv[1:]


class Settings:
    os = "Linux"
    removed = []

    def rm_safe(self, name):
        self.removed.append(name)


class CppInfo:
    defines, system_libs, libs = [], [], []

    def __init__(self):
        self.properties = {}

    def set_property(self, name, value):
        self.properties[name] = value


class ConanFile:
    pass


class CMakeToolchain:
    def __init__(self, recipe):
        self.recipe = recipe
        self.cache_variables = {
            "BUILD_SHARED_LIBS": recipe.options.shared,
            "CMAKE_BUILD_TYPE": "Debug",
            "CMAKE_C_COMPILER": compiler,
            "CMAKE_INSTALL_LIBDIR": "lib",
            "CMAKE_POSITION_INDEPENDENT_CODE": recipe.options.fPIC,
            "THREADING_UNITY": True,
        }

    def generate(self):
        self.recipe.arguments = ["-D%s=%s" % (name, {True: "ON", False: "OFF"}.get(value, value))
                                 for name, value in self.cache_variables.items()]


class CMake:
    def __init__(self, recipe):
        self.recipe = recipe

    def run(self, *arguments):
        subprocess.run(["cmake", *arguments], check=True)

    def configure(self):
        self.run("-S", self.recipe.source_folder, "-B", self.recipe.build_folder, *self.recipe.arguments)

    def build(self):
        self.run("--build", self.recipe.build_folder, "--parallel", "2")

    def install(self):
        self.run("--install", self.recipe.build_folder, "--prefix", self.recipe.package_folder)


def cmake_layout(recipe):
    recipe.source_folder = os.path.join(folder, "source")
    recipe.build_folder = os.path.join(folder, "build")


def module(name, **contents):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(contents)


module("conan", ConanFile=ConanFile)
module("conan.tools")
module("conan.tools.cmake", CMake=CMake, CMakeToolchain=CMakeToolchain, cmake_layout=cmake_layout)
module("conan.tools.files", rmdir=lambda recipe, path: shutil.rmtree(path))
module("conan.tools.microsoft", is_msvc=lambda recipe: False)

spec = importlib.util.spec_from_file_location("conanfile", os.path.join(source, "conanfile.py"))
conanfile = importlib.util.module_from_spec(spec)
spec.loader.exec_module(conanfile)

recipe = conanfile.ThreadingRecipe()
recipe.settings, recipe.cpp_info = Settings(), CppInfo()
recipe.options = types.SimpleNamespace(**dict(recipe.default_options, shared=kind == "shared"))
recipe.package_folder = os.path.join(folder, "package")
recipe.configure()
recipe.layout()
for pattern in recipe.exports_sources:  # nothing else is there when Conan builds
    part = pattern.removesuffix("/*")
    if part == pattern:
        os.makedirs(recipe.source_folder, exist_ok=True)
        shutil.copy(os.path.join(source, part), recipe.source_folder)
    else:
        shutil.copytree(os.path.join(source, part), os.path.join(recipe.source_folder, part))
recipe.generate()
recipe.build()
recipe.package()
recipe.package_info()

info = recipe.cpp_info
names = {info.properties["cmake_target_name"], *info.properties.get("cmake_target_aliases", [])}
expected = {"threading::threading"} | ({"threading::threading_shared"} if kind == "shared" else set())
assert names == expected, names
assert info.properties["cmake_file_name"] == info.properties["pkg_config_name"] == "threading"
library = os.path.join(recipe.package_folder, "lib")
assert sorted(os.listdir(recipe.package_folder)) == ["include", "lib", "share"]
assert not os.path.exists(os.path.join(library, "cmake"))
flags = ["-I" + os.path.join(recipe.package_folder, "include"), "-L" + library, "-Wl,-rpath," + library]
flags += ["-D" + name for name in info.defines]
flags += ["-l" + name for name in info.libs + info.system_libs]
subprocess.run([compiler, program, *flags, "-o", os.path.join(folder, "program")], check=True)
