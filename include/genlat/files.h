/* SPDX-License-Identifier: MIT */
/**
 * @file files.h  Data files: sources from them, tensors to and from them. The library is genlat-files.
 *
 * Unless a comment says otherwise:
 * - Threads: a handle may be used by any number of threads at once as long as none of them changes it. A handle that
 *   a call changes, or destroys, belongs to one thread during the call.
 * - Memory: what is temporary comes from malloc(), results from the context's allocator. The caller owns what it
 *   receives as new; pointers that it passes in are borrowed for the call.
 * - Errors: a failed call sets the handles that it would have returned to NULL and changes nothing else.
 * - Randomness: none.
 * - Since: 0.1.
 */
#ifndef GENLAT_FILES_H
#define GENLAT_FILES_H

#include "genlat/data.h"

GENLAT_BEGIN

/* ---- sources ---------------------------------------------------------------------------------------- */

/**
 * Open a source by one line of text, "KIND", "KIND:PATH", either followed by "#PART" and
 * "?KEY=VALUE&KEY=VALUE". Several such texts with " + " between them join their samples, see genlat_source_join().
 *
 * - "digits", "shapes", "ring", "grid", "moons", "swissroll": drawn, see genlat_source_synthetic(). The parts
 *   train, valid and test have samples of their own.
 * - "idx:PATH": a file of IDX, or a folder with the file names of MNIST, whose parts are train, valid and
 *   test; each may end in .gz. Three dimensions are read as grey images [1,h,w]. Labels are read where their
 *   file is in the same folder: "labels-idx1" in place of "images-idx3", with dashes or dots, with .gz or without.
 * - "npy:PATH", "npz:PATH": arrays of NumPy, see genlat_npy_read(); the first dimension counts the samples. The
 *   fields of a structured array are the columns of a table, and name them.
 * - "csv:PATH": numbers, a row a sample. They must be finite.
 * - "image:PATH", also "png:PATH": a folder of PNG or JPEG images, grey or colour [c,h,w] in [0,1]. In a folder of
 *   folders each is a class; files beside such folders, empty ones and folders in them are errors. Alpha is blended
 *   with black. The orientation that a camera has noted is not applied.
 * - "wav:PATH": a file or a folder of sound [channels,length] in [-1,1], folders of folders as with images. A shorter
 *   file is one sample with silence at its end; the rest of a longer one is left out.
 * - "text:PATH": bytes as whole numbers [length]; a shorter rest is left out.
 *
 * Sources have a description, see genlat_source_description(): the labels of a table and the names of folders are
 * class names, in the order of whole numbers or of bytes; a header has the names of columns; sound has its rate.
 *
 * 8-bit values of idx, npy and npz are divided by 255, unless none is above 1 or raw=yes is given.
 *
 * Keys of some kinds; a kind refuses the keys of others, see genlat_files_key():
 * - n=10000 (drawn kinds): number of samples.
 * - shape=3x32x32 (idx, npy, npz, csv): shape of one sample.
 * - raw=yes (idx, npy, npz): 8-bit values are not divided.
 * - content=auto (idx, npy, npz, csv): image, sound (also other signals), text or table: what the samples are, see
 *   genlat_description. Arrays of 8-bit samples [h,w] with the proportions of images are images without it.
 * - order=auto (idx, npy, npz): chw or hwc, for images [n,h,w,channels]; auto refuses what looks like hwc.
 * - key=NAME (npz): the array of samples; default x, or the only one.
 * - labels_key=NAME (npz): the array of labels; default labels or y, if there.
 * - label=NAME (csv; npy and npz with a structured array): column with the classes, by its name, or by its number
 *   from 1, negative from the end. The classes of csv are whole numbers or text.
 * - target=A,B (csv): such columns, whose numbers become condition vectors.
 * - header=auto (csv): yes, no, or auto: a first row of texts is one, and a first row that may be both is an error.
 * - separator=auto (csv): auto, comma, semicolon, tab, pipe or space, any number of them.
 * - decimal=point (csv): point or comma.
 * - missing=refuse (csv): refuse, drop or keep: rows with an empty field, NA, NaN, N/A, null, ? or - are left out, and
 *   their number is reported as a warning by genlat_ctx_log(), or the values are NaN, for a model that accepts missing
 *   values. Labels and targets cannot be missing.
 * - size=48x64 (image): height x width, or one number for both, at most 16384; needed for images of several sizes.
 *   Pixels are interpolated linearly over two pixels of the source or, to make an image smaller, of the result.
 * - fit=crop (image): crop cuts the largest centred piece of these proportions, pad adds black borders, stretch does
 *   neither.
 * - channels=keep (image): keep; 1 makes 0.299 red + 0.587 green + 0.114 blue, 3 repeats grey.
 * - length=1024 (wav, text): frames or bytes in a sample; 64 for text.
 * - lines=yes (text): a line that is not empty a sample, cut or filled with zeros.
 *
 * Keys of all kinds:
 * - labels_file=y.npy: a NumPy or IDX file with a class for each sample, -1 where it is not known, or a vector of
 *   numbers; see genlat_source_label().
 * - holdout=0.1: the samples that are left by skip and limit are divided at random, by the seed, as by
 *   genlat_source_split(): the part valid has this fraction or number of them, the part train, or no part, the others.
 * - skip=100, limit=1000, seed=0, threshold=0.5, scale=standard, binarize=dynamic, labels=no, stack=3, labelled=100:
 *   see genlat_transform_opts. The seed is also that of drawn samples. In a join, scale, binarize, threshold and stack
 *   are set in the last text, and hold for all samples.
 *
 * @param ctx   context.
 * @param spec  the text; a path cannot contain #, ? or " + ". Copied.
 * @param out   receives a new source, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID for the text; GENLAT_E_NOT_FOUND for an unknown kind, part, label or key, or a
 *         key of another kind; GENLAT_E_SHAPE for samples of several sizes, or none, and for a join whose sources do
 *         not fit; GENLAT_E_STATE for labels=factors of a source without; GENLAT_E_RANGE; GENLAT_E_IO; GENLAT_E_FORMAT
 *         for a malformed file; GENLAT_E_UNSUPPORTED for what is no error but cannot be read; GENLAT_E_MEMORY. The
 *         error text names the file, the place in it and the remedy.
 * Randomness: from the key seed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_files_open(genlat_ctx *ctx, const char *spec, genlat_source **out);

/**
 * Open a source that is read like other data, with the keys of their description, so that they need not be stated
 * again. Keys of the text win; keys that the kind of source does not have are ignored, and so are those that choose
 * samples: n, holdout, skip, limit, labels, labels_file, labelled, seed, scale. The columns of label and target are
 * taken over by name only, and left out if the data do not have them.
 *
 * @param ctx   context.
 * @param spec  as in genlat_files_open(). label= without a name: no labels.
 * @param keys  keys of genlat_description, of a source or a model; NULL: none.
 * @param out   receives a new source, or NULL on failure.
 * @return as genlat_files_open(), and GENLAT_E_FORMAT for keys that are too long.
 * Randomness: from the key seed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_files_open_as(genlat_ctx *ctx, const char *spec, const char *keys,
                                                               genlat_source **out);

/**
 * Open a source whose values are scaled as those of another: a scale of the text is not fitted anew, but
 * taken from the training data, so that validation sees what training saw. It is read with their keys, as by
 * genlat_files_open_as().
 *
 * @param ctx    context.
 * @param spec   as in genlat_files_open(); its key scale is ignored.
 * @param train  source whose scaling is taken, see genlat_source_normalization(); of the same shape of
 *               sample.
 * @param out    receives a new source, or NULL on failure.
 * @return as genlat_files_open(), and GENLAT_E_SHAPE when the samples have another shape.
 * Randomness: from the key seed.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_files_open_like(genlat_ctx *ctx, const char *spec,
                                                                 const genlat_source *train, genlat_source **out);

/**
 * Name of the index-th kind of source that genlat_files_open() knows.
 *
 * @param index  from 0 on.
 * @param help   receives static text, one line; NULL is legal.
 * @return static text, or NULL past the last.
 */
GENLAT_API const char *genlat_files_kind(int32_t index, const char **help);

/**
 * Name of the index-th key that a kind of source takes in genlat_files_open(): first those of its own, then those that
 * all kinds take.
 *
 * @param kind   name of a kind, as from genlat_files_kind(); NULL gives NULL.
 * @param index  from 0 on.
 * @param help   receives static text, one line; NULL is legal.
 * @return static text, or NULL past the last and for an unknown kind.
 */
GENLAT_API const char *genlat_files_key(const char *kind, int32_t index, const char **help);

/* ---- NumPy ------------------------------------------------------------------------------------------ */

/**
 * Read an array of NumPy: b1, u1, u2, u4, u8, i1, i2, i4, i8, f2, f4 or f8, in either byte order, in C or Fortran
 * order. Values become floats, rounded to the nearest: whole numbers above 2^24 may change. A structured array [n],
 * whose records are fields of these types, becomes [n,columns]: the fields in their order, one of several values as
 * several columns.
 *
 * @param ctx   context.
 * @param path  name of the file.
 * @param out   receives a new tensor, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO; GENLAT_E_FORMAT; GENLAT_E_UNSUPPORTED for other types, for
 *         records in records, and for more than 65536 columns; GENLAT_E_MEMORY.
 * Source: NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays".
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_npy_read(genlat_ctx *ctx, const char *path, genlat_tensor **out);

/**
 * Write a tensor as an array of NumPy, f4. Like all writers the call replaces the file at once or not at all.
 *
 * @param path    name of the file.
 * @param tensor  what to write.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_npy_write(const char *path, const genlat_tensor *tensor);

/**
 * Read one array of an NPZ archive, stored or deflated, of any size (zip64), as genlat_npy_read() does.
 *
 * @param ctx   context.
 * @param path  name of the file.
 * @param name  name of the array, without .npy; NULL: the only one.
 * @param out   receives a new tensor, or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO; GENLAT_E_FORMAT; GENLAT_E_NOT_FOUND, naming what there
 *         is; GENLAT_E_UNSUPPORTED; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_npz_read(genlat_ctx *ctx, const char *path, const char *name,
                                                          genlat_tensor **out);

/**
 * Write tensors as an NPZ archive, without compression.
 *
 * @param path     name of the file.
 * @param count    how many, 1 to 10000.
 * @param names    [count] names, 1 to 200 bytes each, none twice, without .npy.
 * @param tensors  [count] what to write.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_RANGE for a name, or for more than 4 GB; GENLAT_E_IO;
 *         GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_npz_write(const char *path, int64_t count, const char *const *names,
                                                           const genlat_tensor *const *tensors);

/* ---- CSV -------------------------------------------------------------------------------------------- */

/**
 * Read a table of numbers separated by commas, semicolons, tabs, vertical bars or spaces. A first row of texts is
 * left out. Numbers must be finite.
 *
 * @param ctx   context.
 * @param path  name of the file.
 * @param out   receives a new tensor [rows,columns], or NULL on failure.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_IO; GENLAT_E_FORMAT, naming line and column; GENLAT_E_MEMORY.
 * Source: RFC 4180.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_csv_read(genlat_ctx *ctx, const char *path, genlat_tensor **out);

/**
 * Write a tensor as a table, a row a line, with as many digits as reading the same floats back takes. Infinities and
 * NaN are written, but not read back.
 *
 * @param path    name of the file.
 * @param tensor  [n,...] what to write; the dimensions after the first are one row.
 * @param header  text of the first line, without its end; NULL: none.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE for a scalar; GENLAT_E_IO.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_csv_write(const char *path, const genlat_tensor *tensor,
                                                           const char *header);

/**
 * Write samples as a table, a row a sample, with their labels in a last column "label", or columns "label1", "label2",
 * ... of vectors. The first line has the names of the columns; it is left out when there are neither names nor labels.
 *
 * @param path    name of the file.
 * @param x       [n,...] samples, n >= 1; the dimensions after the first are one row.
 * @param labels  [n] classes, written by their names where `about` has them, or [n,k] vectors; NULL: none.
 * @param about   description of the data, such as that of a model; its column names are used when a row has as many
 *                elements. NULL: none.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_UNSUPPORTED for a description with unknown members;
 *         GENLAT_E_IO.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_csv_write_samples(const char *path, const genlat_tensor *x,
                                                                   const genlat_tensor *labels,
                                                                   const genlat_description *about);

/* ---- pictures and sound ----------------------------------------------------------------------------- */

/**
 * Write images as one PNG, side by side.
 *
 * @param path     name of the file.
 * @param images   [n,h,w] or [n,1,h,w] grey, or [n,3,h,w] red, green, blue; n >= 1.
 * @param columns  images in a row, >= 1; 0: about as many as rows.
 * @param zoom     pixels for each value, in both directions, 1 to 64.
 * @param lo       value that becomes black.
 * @param hi       value that becomes white, > lo; values outside are clamped, NaN is black.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE, also for a picture of more than 65535
 *         pixels in a direction; GENLAT_E_IO; GENLAT_E_MEMORY.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_png_grid(const char *path, const genlat_tensor *images,
                                                          int64_t columns, int64_t zoom, double lo, double hi);

/**
 * Write sound as 16-bit PCM WAV.
 *
 * @param path    name of the file.
 * @param sound   [frames] or [channels,frames], 1 to 64 channels, values in [-1,1]; others are clamped, NaN
 *                is 0.
 * @param rate    frames a second, 1 to 1000000.
 * @return GENLAT_OK; GENLAT_E_INVALID; GENLAT_E_SHAPE; GENLAT_E_RANGE, also for more than 2 GB; GENLAT_E_IO.
 */
GENLAT_API GENLAT_NODISCARD genlat_status genlat_wav_write(const char *path, const genlat_tensor *sound, int64_t rate);

GENLAT_END

#endif
