#include "model/linear.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "model/kernels.h"

// libgomp's two functions; the header belongs to the compiler and clang has none of its own here.
extern "C" {
void omp_set_num_threads(int);
int omp_get_max_threads(void);
}

namespace kith::model {
namespace {

constexpr std::size_t bucket_count = LinearPlan::rows_max / LinearPlan::bucket_rows;

std::unexpected<Error> onednn_failure(const char* doing, const dnnl::error& error) {
  return failure(ErrorCode::internal, std::string("oneDNN failed ") + doing + ": " + error.what() +
                                          " (status " + std::to_string(static_cast<int>(error.status)) + ")");
}

/// Primitives run only on streams of the very engine object they were made with; it has no state that changes.
const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::memory::data_type data_type(bool bf16) {
  return bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}
dnnl::memory::dim dim(std::size_t size) { return static_cast<dnnl::memory::dim>(size); }

dnnl::memory::desc rows_desc(std::size_t rows, std::size_t columns, bool bf16) {
  return {{dim(rows), dim(columns)}, data_type(bf16), dnnl::memory::format_tag::ab};
}

dnnl::primitive_attr attributes_of(const LinearShape& shape) {
  dnnl::post_ops after;
  if (shape.add_to_out) after.append_sum(1.0f);
  switch (shape.activation) {
    case Activation::none:
      break;
    case Activation::gelu_erf:
      after.append_eltwise(1.0f, dnnl::algorithm::eltwise_gelu_erf, 0, 0);
      break;
    case Activation::gelu_tanh:
      after.append_eltwise(1.0f, dnnl::algorithm::eltwise_gelu_tanh, 0, 0);
      break;
    case Activation::relu:
      after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0, 0);
      break;
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(after);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

}  // namespace

SingleOpenMpThread::SingleOpenMpThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
SingleOpenMpThread::~SingleOpenMpThread() { omp_set_num_threads(before_); }

// ── plan ──

struct LinearPlan::Impl {
  LinearShape shape;
  dnnl::engine engine = cpu_engine();
  dnnl::memory::desc weights;
  std::vector<dnnl::matmul::primitive_desc> descriptions;  // by bucket
  std::vector<dnnl::matmul> primitives;
};

LinearPlan::LinearPlan(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LinearPlan::~LinearPlan() = default;
const LinearShape& LinearPlan::shape() const { return impl_->shape; }

Result<std::unique_ptr<LinearPlan>> LinearPlan::create(const LinearShape& shape) {
  const SingleOpenMpThread single;
  try {
    auto impl = std::make_unique<Impl>();
    impl->shape = shape;
    const dnnl::primitive_attr attributes = attributes_of(shape);
    const dnnl::memory::desc bias({1, dim(shape.outputs)}, dnnl::memory::data_type::f32,
                                  dnnl::memory::format_tag::ab);
    const auto describe = [&](std::size_t rows, const dnnl::memory::desc& weights) {
      return dnnl::matmul::primitive_desc(
          dnnl::matmul::desc(rows_desc(rows, shape.inputs, shape.bf16_in), weights, bias,
                             rows_desc(rows, shape.outputs, shape.bf16_out)),
          attributes, impl->engine);
    };
    // The full tile chooses the layout of the weights; the smaller ones have to take it.
    const dnnl::memory::desc any({dim(shape.inputs), dim(shape.outputs)}, data_type(shape.bf16_in),
                                 dnnl::memory::format_tag::any);
    impl->weights = describe(rows_max, any).weights_desc();
    for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
      impl->descriptions.push_back(describe((bucket + 1) * bucket_rows, impl->weights));
      impl->primitives.emplace_back(impl->descriptions.back());
    }
    return std::unique_ptr<LinearPlan>(new LinearPlan(std::move(impl)));
  } catch (const dnnl::error& error) {
    return onednn_failure("while preparing a linear layer", error);
  }
}

// ── weights ──

struct LinearWeights::Impl {
  dnnl::memory weights;
  dnnl::memory bias;
};

LinearWeights::LinearWeights(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LinearWeights::~LinearWeights() = default;

std::size_t LinearWeights::memory_bytes() const {
  return impl_->weights.get_desc().get_size() + impl_->bias.get_desc().get_size();
}

Result<std::unique_ptr<LinearWeights>> LinearWeights::create(const LinearPlan& plan,
                                                             std::span<const float> weights,
                                                             std::span<const float> bias) {
  const LinearShape& shape = plan.shape();
  if (weights.size() != shape.inputs * shape.outputs || bias.size() != shape.outputs) {
    return failure(ErrorCode::internal, "the weights of a linear layer do not fit its plan");
  }
  const SingleOpenMpThread single;
  try {
    const dnnl::engine& engine = plan.impl_->engine;
    auto impl = std::make_unique<Impl>();
    const dnnl::memory::desc given({dim(shape.inputs), dim(shape.outputs)}, dnnl::memory::data_type::f32,
                                   dnnl::memory::format_tag::ba);
    dnnl::memory source(given, engine, const_cast<float*>(weights.data()));
    impl->weights = dnnl::memory(plan.impl_->weights, engine);
    dnnl::stream stream(engine);
    dnnl::reorder(source, impl->weights).execute(stream, source, impl->weights);
    stream.wait();
    impl->bias = dnnl::memory(
        {{1, dim(shape.outputs)}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::ab}, engine);
    std::ranges::copy(bias, static_cast<float*>(impl->bias.get_data_handle()));
    return std::unique_ptr<LinearWeights>(new LinearWeights(std::move(impl)));
  } catch (const dnnl::error& error) {
    return onednn_failure("while laying out weights", error);
  }
}

// ── runner ──

struct LinearRunner::Impl {
  struct Arguments {
    dnnl::memory in, out, scratchpad;
  };
  struct PlanArguments {
    const LinearPlan* plan;
    std::vector<Arguments> buckets;
  };
  dnnl::engine engine = cpu_engine();
  dnnl::stream stream{engine};
  dnnl::memory scratch;
  std::vector<PlanArguments> plans;
};

LinearRunner::LinearRunner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LinearRunner::~LinearRunner() = default;

Result<std::unique_ptr<LinearRunner>> LinearRunner::create(std::span<const LinearPlan* const> plans) {
  try {
    auto impl = std::make_unique<Impl>();
    std::size_t scratch_bytes = 64;
    for (const LinearPlan* plan : plans) {
      for (const auto& description : plan->impl_->descriptions) {
        scratch_bytes = std::max(scratch_bytes, description.scratchpad_desc().get_size());
      }
    }
    impl->scratch = dnnl::memory(
        {{dim(scratch_bytes)}, dnnl::memory::data_type::u8, dnnl::memory::format_tag::a}, impl->engine);
    void* scratch = impl->scratch.get_data_handle();
    for (const LinearPlan* plan : plans) {
      Impl::PlanArguments arguments{plan, {}};
      for (const auto& description : plan->impl_->descriptions) {
        arguments.buckets.push_back({dnnl::memory(description.src_desc(), impl->engine, nullptr),
                                     dnnl::memory(description.dst_desc(), impl->engine, nullptr),
                                     dnnl::memory(description.scratchpad_desc(), impl->engine, scratch)});
      }
      impl->plans.push_back(std::move(arguments));
    }
    return std::unique_ptr<LinearRunner>(new LinearRunner(std::move(impl)));
  } catch (const dnnl::error& error) {
    return onednn_failure("while preparing a worker", error);
  }
}

bool LinearRunner::run(std::size_t plan, const LinearWeights& weights, const void* in, void* out,
                       std::size_t rows) {
  const std::size_t bucket = (rows + LinearPlan::bucket_rows - 1) / LinearPlan::bucket_rows - 1;
  const Impl::PlanArguments& chosen = impl_->plans[plan];
  const Impl::Arguments& arguments = chosen.buckets[bucket];
  // The C interface: the C++ one would build a hash map for every call.
  bool ok = dnnl_memory_set_data_handle(arguments.in.get(), const_cast<void*>(in)) == dnnl_success;
  ok = ok && dnnl_memory_set_data_handle(arguments.out.get(), out) == dnnl_success;
  const std::array<dnnl_exec_arg_t, 5> list = {{{DNNL_ARG_SRC, arguments.in.get()},
                                                {DNNL_ARG_WEIGHTS, weights.impl_->weights.get()},
                                                {DNNL_ARG_BIAS, weights.impl_->bias.get()},
                                                {DNNL_ARG_DST, arguments.out.get()},
                                                {DNNL_ARG_SCRATCHPAD, arguments.scratchpad.get()}}};
  return ok && dnnl_primitive_execute(chosen.plan->impl_->primitives[bucket].get(), impl_->stream.get(),
                                      static_cast<int>(list.size()), list.data()) == dnnl_success;
}

// ── bf16 or not ──

bool cpu_has_bf16() {
  const dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
  const bool in_onednn = (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
  return in_onednn && kernels_for_cpu().attention_bf16 != nullptr;
}

namespace {

Result<double> seconds_of_layer(bool bf16) {
  constexpr std::size_t inputs = 384;
  constexpr std::size_t outputs = 384;
  constexpr std::size_t rows = LinearPlan::rows_max;
  const SingleOpenMpThread single;
  const auto plan = KITH_TRY(LinearPlan::create({inputs, outputs, bf16, false, false, Activation::none}));
  const std::vector<float> weights(inputs * outputs, 0.5f);
  const std::vector<float> bias(outputs, 0.5f);
  const auto layer = KITH_TRY(LinearWeights::create(*plan, weights, bias));
  const LinearPlan* const plans[] = {plan.get()};
  const auto runner = KITH_TRY(LinearRunner::create(plans));
  const std::vector<float> in(rows * inputs, bf16 ? 0.0f : 0.5f);
  std::vector<float> out(rows * outputs);
  double best = 1e9;
  for (int round = 0; round < 20; ++round) {
    const auto start = std::chrono::steady_clock::now();
    if (!runner->run(0, *layer, in.data(), out.data(), rows))
      return failure(ErrorCode::internal, "oneDNN refused a layer");
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

}  // namespace

bool bf16_is_faster() {
  if (!cpu_has_bf16()) return false;
  const auto f32 = seconds_of_layer(false);
  const auto bf16 = seconds_of_layer(true);
  return f32 && bf16 && *bf16 < 0.9 * *f32;
}

}  // namespace kith::model
