# SPDX-License-Identifier: MIT
"""Conan 2: `conan create .` builds one kind of the library, static unless `-o threading/*:shared=True`."""

import os

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import rmdir
from conan.tools.microsoft import is_msvc


class ThreadingRecipe(ConanFile):
    name = "threading"
    version = "0.1.0"
    license = "MIT"
    description = "Python's threading, queue and concurrent.futures, for C"
    topics = ("threads", "locks", "queue", "thread-pool", "futures")
    package_type = "library"
    settings = "os", "compiler", "build_type", "arch"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*", "tools/gdb/*", "tools/natvis/*"

    def configure(self):
        # It is C: no C++ library is part of what identifies the package.
        self.settings.rm_safe("compiler.cppstd")
        self.settings.rm_safe("compiler.libcxx")

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for option in ("TESTS", "EXAMPLES", "MAN"):
            toolchain.cache_variables["THREADING_" + option] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        # Conan writes its own.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))

    def package_info(self):
        shared = bool(self.options.shared)
        # The names are those of the library's own files.
        self.cpp_info.set_property("cmake_file_name", "threading")
        self.cpp_info.set_property("pkg_config_name", "threading")
        self.cpp_info.set_property("cmake_target_name", "threading::threading")
        if shared:
            self.cpp_info.set_property("cmake_target_aliases", ["threading::threading_shared"])
            self.cpp_info.defines = ["THREADING_SHARED"]
        elif self.settings.os != "Windows":
            self.cpp_info.system_libs = ["pthread"]
        self.cpp_info.libs = ["threading_shared" if shared and is_msvc(self) else "threading"]
