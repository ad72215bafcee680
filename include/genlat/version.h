/* SPDX-License-Identifier: MIT */
/** @file version.h  Version of the library and of its binary interface. */
#ifndef GENLAT_VERSION_H
#define GENLAT_VERSION_H

/** First number of the release. */
#define GENLAT_VERSION_MAJOR 0
/** Second number of the release. */
#define GENLAT_VERSION_MINOR 1
/** Third number of the release. */
#define GENLAT_VERSION_PATCH 0
/** Release as text. */
#define GENLAT_VERSION "0.1.0"
/** Version of the binary interface, the number in libgenlat.so.N. */
#define GENLAT_ABI_VERSION "0"

#endif
