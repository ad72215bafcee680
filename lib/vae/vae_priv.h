/* SPDX-License-Identifier: MIT */
/* Declarations private to the VAE. */
#ifndef GNL_VAE_PRIV_H
#define GNL_VAE_PRIV_H

#include "latent/latent.h"
#include "vae/vae.h"
#include "genlat/vae.h"

enum { GNL_VAE_ROWS = 512 }; /* largest number of rows of an inference workspace */

/* ---- configuration --------------------------------------------------------------------------- */

typedef struct gnl_vae_config {
    gnl_config base;
    genlat_vae_opts opts;
    char encoder[GNL_NET_LENGTH], decoder[GNL_NET_LENGTH]; /* "": use the architecture */
    char architecture[GNL_TEXT_LENGTH];
    char likelihood[GNL_TEXT_LENGTH];
    char posterior[GNL_TEXT_LENGTH], prior[GNL_TEXT_LENGTH], terms[GNL_TEXT_LENGTH], bound[GNL_TEXT_LENGTH];
    char optimizer[GNL_TEXT_LENGTH], term_optimizer[GNL_TEXT_LENGTH]; /* in the order of gnl_vae_optimizer */
    char lr_schedule[GNL_TEXT_LENGTH], beta_schedule[GNL_TEXT_LENGTH];
    char missing[GNL_TEXT_LENGTH];        /* treatment of missing values; "": refuse */
    char decoder_inputs[GNL_TEXT_LENGTH]; /* inputs in addition to the code and the condition */
    char output_bias[16];
    int64_t decoded; /* latent dimensions that decoders of dense layers read: those of the first group */
} gnl_vae_config;

/* Optimizers of the model, and of the tensors of adversarial kinds. */
typedef enum gnl_vae_optimizer { GNL_VAE_MODEL, GNL_VAE_ADVERSARY } gnl_vae_optimizer;

enum { GNL_VAE_LR_SCHEDULE, GNL_VAE_BETA_SCHEDULE }; /* indices, in the order of the texts */

extern const gnl_config_type gnl_vae_config_type;
extern const gnl_preset gnl_vae_presets[];
extern const gnl_choice gnl_vae_choices[];
extern const char *const gnl_vae_choice_keys[];

/* Creates the latents of a configuration. Returns E_INVALID if it sets a kind both by text and by options. */
genlat_status gnl_vae_latents_new(genlat_ctx *ctx, const gnl_vae_config *config, gnl_latents **out);
genlat_status gnl_vae_complete(genlat_ctx *ctx, gnl_config *config, bool nets_given);

/* Writes the layers of an architecture, such as "mlp widths=512x256", for the data of a configuration. */
genlat_status gnl_vae_architecture_encoder(const char *architecture, const gnl_vae_config *config,
                                           char text[GNL_NET_LENGTH]);
genlat_status gnl_vae_architecture_decoder(const char *architecture, const gnl_vae_config *config,
                                           char text[GNL_NET_LENGTH]);
/* Appends the heads of a posterior if the architecture has heads of its own, which *written tells. */
genlat_status gnl_vae_architecture_heads(const char *architecture, const gnl_latents *latents,
                                         char text[GNL_NET_LENGTH], bool *written);
/* Finds the shape of the latents [channels,sides...]; without dimensions if they are a vector. */
genlat_status gnl_vae_architecture_map(const char *architecture, const gnl_config *config, gnl_shape *out);

/* ---- inputs of the nets ---------------------------------------------------------------------- */

/* The possible inputs of encoder and decoder: data, condition, code, what the decoder sees of the data, and which
 * elements are observed. */
typedef enum gnl_feed { GNL_FEED_X, GNL_FEED_C, GNL_FEED_Z, GNL_FEED_PREVIOUS, GNL_FEED_MASK, GNL_FEEDS } gnl_feed;

enum { GNL_VAE_ENCODER_NET, GNL_VAE_DECODER_NET };

/* Lists the inputs of a net in order, and returns their number. */
int gnl_vae_feeds(const gnl_vae_config *config, int net, gnl_feed out[GNL_MAX_INPUTS]);
bool gnl_vae_has_feed(const gnl_vae_config *config, int net, gnl_feed feed);
gnl_input_list gnl_vae_inputs(const gnl_config *config, int net);
/* Writes the inputs of a net, in its order, from the arrays of the feeds. */
void gnl_vae_order(const gnl_vae_config *config, int net, const gnl_real *const value[GNL_FEEDS],
                   const gnl_real *in[GNL_MAX_INPUTS]);
/* Runs the forward pass of a net. value has an array for each gnl_feed that the net uses. */
void gnl_vae_forward(const gnl_vae_config *config, int net, genlat_exec *exec, gnl_mode mode, int64_t rows,
                     const gnl_real *const value[GNL_FEEDS]);
/* Writes what an autoregressive decoder sees of the data [rows,size]: the data themselves, or shifted, so that each
 * step gets the value of the step before it, the first one 0. */
void gnl_vae_fill_previous(const gnl_vae_config *config, int64_t rows, const gnl_real *x, gnl_real *out);
/* Returns the number of steps in which an autoregressive decoder decodes. Element i of the data belongs to step
 * i % steps. */
int64_t gnl_vae_steps(const gnl_vae_config *config);
/* Returns whether steps are drawn even where means are requested. */
bool gnl_vae_draws_steps(const gnl_vae_config *config);
/* Returns E_INVALID if the outputs of a step depend on the data of that step or later ones. */
genlat_status gnl_vae_check_causal(const genlat_model *model);
/* Finds the range of data that the likelihood accepts. */
genlat_status gnl_vae_range(genlat_ctx *ctx, const gnl_config *config, gnl_loss_range *out);
genlat_status gnl_vae_check_decoder_inputs(const gnl_vae_config *config);

/* ---- missing values: missing.c ---------------------------------------------------------------- */

typedef struct gnl_missing {
    const gnl_missing_type *type;
    double hide;         /* largest fraction of elements that training hides from the encoder */
    bool learns;         /* the numbers are in the place of missing elements, instead of 0 */
    gnl_numbers numbers; /* [data] if learns */
} gnl_missing;

/* Arrays for the rows of a workspace. */
typedef struct gnl_missing_work {
    gnl_real *input, *mask; /* [rows,data] inputs of the encoder */
    int64_t *observed;      /* [rows] */
    gnl_real *scratch;
} gnl_missing_work;

/* Finds the kind of a text. Sets *pairs to its options. */
genlat_status gnl_missing_find(const char *text, const gnl_missing_type **out, const char **pairs);
bool gnl_missing_shows_mask(const gnl_vae_config *config);
bool gnl_missing_accepts(const gnl_config *config); /* data may have missing values */
/* Creates the treatment that the configuration describes, and the part of its numbers. */
genlat_status gnl_missing_make(genlat_model *model, gnl_missing *out);
genlat_status gnl_missing_work_new(const genlat_model *model, gnl_workspace *base, gnl_missing_work *out);
/* Writes the inputs of the encoder and returns the first one: x without its missing elements, or x itself if the model
 * refuses them. With rng it also hides elements. */
const gnl_real *gnl_missing_fill(const genlat_model *model, const gnl_missing_work *work, int64_t rows,
                                 const gnl_real *x, gnl_rng *rng);
/* Sets the members of a call that leave out the missing elements of x [rows,data]. */
void gnl_missing_observe(const genlat_model *model, const gnl_missing_work *work, const gnl_real *x,
                         gnl_loss_call *call);
/* Adds to the gradients of the numbers. dinput [rows,data] are derivatives by the encoder's input. */
void gnl_missing_backward(genlat_model *model, const gnl_missing_work *work, int64_t rows, const gnl_real *dinput);

/* ---- the model ------------------------------------------------------------------------------- */

typedef struct gnl_vae {
    genlat_model model;
    genlat_loss *loss;
    gnl_weight loss_values; /* describes the parameters of the loss as the weight of a part */
    char loss_values_name[8];
    int64_t outputs; /* decoder outputs per element of the data */
    gnl_latents *latents;
    gnl_missing missing;
    const char *terms[GENLAT_MAX_TERMS + 1]; /* names of the values of a step, terminated by NULL */
} gnl_vae;

static inline gnl_vae *gnl_vae_of(const genlat_model *model)
{
    return (gnl_vae *)(uintptr_t)model;
}

static inline const gnl_vae_config *gnl_vae_config_of(const genlat_model *model)
{
    return (const gnl_vae_config *)(const void *)model->config;
}

genlat_status gnl_vae_make(genlat_model *model);
genlat_status gnl_vae_start(genlat_model *model, const genlat_source *source);
void gnl_vae_release(genlat_model *model);

/* ---- workspaces ------------------------------------------------------------------------------ */

/* The workspace of training. */
typedef struct gnl_vae_work {
    gnl_workspace base;
    genlat_exec *encoder, *decoder;
    gnl_real *input;     /* [rows,data] corrupted input of the encoder */
    gnl_real *condition; /* [samples*rows,condition] */
    gnl_real *previous;  /* [samples*rows,data] */
    gnl_missing_work missing;
    gnl_code code;
} gnl_vae_work;

extern const gnl_workspace_type gnl_vae_training;

/* The workspace of inference. It holds one code per row at a time. */
typedef struct gnl_vae_use {
    gnl_workspace base;
    genlat_exec *encoder, *decoder;
    gnl_real *condition;           /* [rows,condition] */
    gnl_real *previous;            /* [rows,data] */
    gnl_real *target;              /* [rows,data] */
    gnl_real *head[GNL_MAX_HEADS]; /* [rows,width] the heads of one row, repeated */
    double *loss;                  /* [rows] */
    gnl_missing_work missing;
    gnl_code code;
} gnl_vae_use;

extern const gnl_workspace_type gnl_vae_using;
enum { GNL_VAE_POOL };

/* Encodes rows first .. first+rows-1. The heads are in work->code.head afterwards. */
genlat_status gnl_vae_use_encode(genlat_model *model, gnl_vae_use *work, const gnl_real *x, const genlat_tensor *labels,
                                 int64_t first, int64_t rows);
/* Decodes z [rows,latent]. x are the data, which autoregressive decoders need; else NULL. The result is the output of
 * work->decoder. */
genlat_status gnl_vae_use_decode(genlat_model *model, gnl_vae_use *work, const gnl_real *z, const gnl_real *x,
                                 const genlat_tensor *labels, int64_t first, int64_t rows);
/* Computes the reconstruction loss [rows] of the rows that have been decoded. */
void gnl_vae_use_loss(genlat_model *model, gnl_vae_use *work, const gnl_real *x, int64_t rows, double *loss);

/* ---- steps, evaluation, inference ------------------------------------------------------------- */

/* The values of a step or an evaluation: the public ones, and the value of each term of the latents. */
typedef struct gnl_vae_values {
    genlat_vae_terms terms;
    double added[GNL_MAX_TERMS_ADDED];
    double group_kl[GNL_MAX_GROUPS];
} gnl_vae_values;

/* List the names and the values of a model's terms: the members of genlat_vae_terms, then the terms of the latents
 * without those that are a KL, then the KL of each group if there are several. Naming returns E_RANGE if they are too
 * many. */
genlat_status gnl_vae_name_terms(gnl_vae *vae);
void gnl_vae_list_terms(const gnl_vae *vae, const gnl_vae_values *values, double *out);

genlat_status gnl_vae_step(genlat_model *model, genlat_optim *optim, const genlat_tensor *x,
                           const genlat_tensor *labels, gnl_vae_values *values);
/* Computes means over the rows in evaluation mode, with `samples` codes per row. Row i uses random substream first +
 * i of the seed. */
genlat_status gnl_vae_evaluate(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                               int64_t samples, uint64_t seed, int64_t first, gnl_vae_values *mean);
/* The scores of rows, see gnl_model_type. */
const gnl_score *gnl_vae_scores(const genlat_model *model);
genlat_status gnl_vae_score(genlat_model *model, gnl_score_call *call);
/* A latent dimension is active if its posterior mean varies by more than this (Burda et al., 2016). */
#define GNL_ACTIVE_VARIANCE 0.01
genlat_status gnl_vae_inspect(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                              gnl_code_use *out);
genlat_status gnl_vae_encode(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels, gnl_real *mean,
                             gnl_real *logvar);
/* Computes the codes [rows,count] of a discrete posterior. */
genlat_status gnl_vae_encode_index(genlat_model *model, const genlat_tensor *x, const genlat_tensor *labels,
                                   int32_t *index);
/* Adds to count [size] how often each code occurs in index [rows,count]. */
void gnl_vae_count_codes(const gnl_codes *codes, int64_t rows, const int32_t *index, int64_t *count);
/* Returns the number of codes that occur. Also computes e to the entropy of their frequencies. */
int64_t gnl_vae_used_codes(const gnl_codes *codes, const int64_t *count, double *perplexity);
genlat_status gnl_vae_prior(genlat_model *model, const gnl_prior_call *call, gnl_real *z);
genlat_status gnl_vae_decode(genlat_model *model, const gnl_decode *decode);

/* Encodes one row and repeats its heads and data in all rows of the workspace, and its label in `repeated`, so that
 * many codes can be drawn from its posterior. The latents are prepared. `repeated` is NULL without condition. */
genlat_status gnl_vae_use_repeat(genlat_model *model, gnl_vae_use *work, const genlat_tensor *x,
                                 const genlat_tensor *labels, int64_t row, genlat_tensor *repeated);
/* Draws `rows` codes of that row and decodes them. work->loss receives the negative logarithms of their importance
 * weights p(x,z) / q(z|x). */
genlat_status gnl_vae_use_weigh(genlat_model *model, gnl_vae_use *work, int64_t rows, gnl_rng *rng,
                                const genlat_tensor *repeated);
/* Acquires a workspace for gnl_vae_use_repeat() on `rows` codes, and creates `repeated`. */
genlat_status gnl_vae_use_acquire(genlat_model *model, const genlat_tensor *labels, int64_t rows, gnl_vae_use **out,
                                  genlat_tensor **repeated);
genlat_status gnl_vae_fill_in(genlat_model *model, const gnl_completion *call);
void gnl_vae_support(const genlat_model *model, gnl_support *out);

#endif
