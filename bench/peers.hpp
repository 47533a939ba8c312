// SPDX-License-Identifier: MIT
// Which peers this build has. A peer is a struct with a name and a class for each thing it has; a case asks
// for the class it is about. A new peer is a file in peers/, two places here and a line in CMakeLists.txt.
#ifndef BENCH_PEERS_HPP
#define BENCH_PEERS_HPP

#include "peers/built.hpp"
#include "peers/posix.hpp"
#include "peers/std.hpp"
#include "peers/threading.hpp"
#if defined(BENCH_C11)
#include "peers/c11.hpp"
#endif
#if defined(BENCH_UV)
#include "peers/uv.hpp"
#endif
#if defined(BENCH_GLIB)
#include "peers/glib.hpp"
#endif
#if defined(BENCH_NSYNC)
#include "peers/nsync.hpp"
#endif
#if defined(BENCH_SDL)
#include "peers/sdl.hpp"
#endif
#if defined(BENCH_APR)
#include "peers/apr.hpp"
#endif
#if defined(BENCH_ABSEIL)
#include "peers/abseil.hpp"
#endif
#if defined(BENCH_OPENMP)
#include "peers/openmp.hpp"
#endif
#if defined(BENCH_TBB)
#include "peers/tbb.hpp"
#endif

namespace bench
{

// Calls f<Peer>() for each.
template <class Call> void each_peer(Call call)
{
    call.template operator()<Threading>();
    call.template operator()<ThreadingFutures>();
    call.template operator()<Posix>();
    call.template operator()<PosixSpin>();
#if defined(BENCH_C11)
    call.template operator()<C11>();
#endif
    call.template operator()<Std>();
#if defined(BENCH_UV)
    call.template operator()<Uv>();
#endif
#if defined(BENCH_GLIB)
    call.template operator()<Glib>();
#endif
#if defined(BENCH_NSYNC)
    call.template operator()<Nsync>();
#endif
#if defined(BENCH_SDL)
    call.template operator()<Sdl>();
#endif
#if defined(BENCH_APR)
    call.template operator()<Apr>();
#endif
#if defined(BENCH_ABSEIL)
    call.template operator()<Abseil>();
#endif
#if defined(BENCH_OPENMP)
    call.template operator()<OpenMp>();
    call.template operator()<OpenMpGuided>();
#endif
#if defined(BENCH_TBB)
    call.template operator()<Tbb>();
    call.template operator()<TbbSpin>();
#endif
}

// Libraries without threads of their own are used on those of the C++ library.
template <class Peer> struct ThreadOf {
    using type = Std::Thread;
};
template <class Peer>
requires requires
{
    typename Peer::Thread;
}
struct ThreadOf<Peer> {
    using type = typename Peer::Thread;
};

} // namespace bench

#endif
