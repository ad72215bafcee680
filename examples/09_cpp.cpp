// SPDX-License-Identifier: MIT
// Use from C++: handles that are destroyed automatically, and status codes that are converted to exceptions. The
// wrapper has thirty lines and is optional: the C functions can be called directly.
#include <iostream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "genlat/train.h"

namespace gl
{

inline void check(genlat_status status)
{
    if (status != GENLAT_OK)
        throw std::runtime_error(genlat_last_error());
}

// Owns a handle of type T. Destroy is the destroy function of the library for this type.
template <class T, void (*Destroy)(T **)> class handle
{
  public:
    handle() = default;
    handle(handle &&other) noexcept : h(std::exchange(other.h, nullptr))
    {
    }
    handle &operator=(handle &&other) noexcept
    {
        std::swap(h, other.h);
        return *this;
    }
    handle(const handle &) = delete;
    handle &operator=(const handle &) = delete;
    ~handle()
    {
        Destroy(&h);
    }
    operator T *() const
    {
        return h;
    }
    // Returns the address to which the library writes a new handle.
    T **out()
    {
        Destroy(&h);
        return &h;
    }
    // For functions that take ownership of the handle and set it to null, even if they fail.
    T **consume()
    {
        return &h;
    }

  private:
    T *h = nullptr;
};

using context = handle<genlat_ctx, genlat_ctx_destroy>;
using source = handle<genlat_source, genlat_source_destroy>;
using tensor = handle<genlat_tensor, genlat_tensor_destroy>;
using model_builder = handle<genlat_model_builder, genlat_model_builder_destroy>;
using model = handle<genlat_model, genlat_model_destroy>;

} // namespace gl

// Forwards events to a callable object, through the user pointer.
template <class F> int32_t forward_event(void *user, const genlat_event *event)
{
    return (*static_cast<F *>(user))(*event) ? 0 : 1;
}

static gl::model train(genlat_ctx *ctx, genlat_source *digits, std::vector<double> &losses)
{
    gl::model_builder builder;
    gl::model model;
    gl::check(genlat_model_builder_new(ctx, "vae", builder.out()));
    genlat_model_builder_set_int(builder, "latent", 4);
    genlat_model_builder_set(builder, "encoder", "flatten; dense units=64; relu");
    genlat_model_builder_set(builder, "decoder", "dense units=64; relu; dense units={out}");
    gl::check(genlat_model_build(builder.consume(), digits, model.out()));

    auto on_event = [&losses](const genlat_event &event) {
        if (event.kind == GENLAT_EVENT_EPOCH)
            losses.push_back(event.values[0]);
        return true;
    };
    genlat_train_opts opts;
    genlat_train_opts_init(&opts);
    opts.epochs = 3;
    opts.batch = 50;
    opts.event = forward_event<decltype(on_event)>;
    opts.event_user = &on_event;
    gl::check(genlat_model_fit(model, digits, nullptr, &opts));
    return model;
}

int main()
{
    try {
        gl::context ctx;
        gl::source digits;
        gl::tensor samples;
        std::vector<double> losses;
        gl::check(genlat_ctx_new(nullptr, ctx.out()));
        gl::check(genlat_source_synthetic(ctx, "digits", 1000, 1, digits.out()));
        gl::model model = train(ctx, digits, losses);
        for (double loss : losses)
            std::cout << "neg_elbo " << loss << '\n';
        gl::check(genlat_model_sample(model, 8, nullptr, nullptr, samples.out()));
        std::cout << genlat_tensor_dim(samples, 0) << " samples\n";

        // An invalid call throws an exception with the error text of the library. All handles are destroyed.
        gl::tensor wrong;
        try {
            gl::check(genlat_model_decode(model, samples, nullptr, wrong.out()));
        } catch (const std::runtime_error &error) {
            std::cout << "the error of an invalid call: " << error.what() << '\n';
            return losses.size() == 3 && losses.back() < losses.front() ? 0 : 1;
        }
    } catch (const std::exception &error) {
        std::cerr << "09_cpp: " << error.what() << '\n';
    }
    return 1;
}
