# SPDX-License-Identifier: MIT
# For Homebrew; never run. url is where the release's archive is, sha256 what SHA256SUMS says of it.
class Threading < Formula
  desc "Python's threading, queue and concurrent.futures, for C"
  url "file:///path/to/threading-0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  depends_on "cmake" => :build

  def install
    system "cmake", "-S", ".", "-B", "build", "-DTHREADING_EXAMPLES=OFF", "-DTHREADING_CXX=OFF", *std_cmake_args
    system "cmake", "--build", "build"
    system "cmake", "--install", "build"
  end

  test do
    (testpath/"test.c").write <<~C
      #include <threading.h>
      static void *work(void *arg)
      {
          return arg;
      }
      int main(void)
      {
          threading_thread_t *thread = threading_thread_new(work, NULL, NULL);
          return threading_thread_start(thread) || threading_thread_join(thread);
      }
    C
    system ENV.cc, "test.c", "-I#{include}", "-L#{lib}", "-lthreading", "-DTHREADING_SHARED", "-Wl,-rpath,#{lib}", "-o", "test"
    system "./test"
  end
end
