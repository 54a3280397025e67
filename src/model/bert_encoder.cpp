#include "model/bert_encoder.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>

#include "base/try.h"
#include "model/kernels.h"

namespace kith::model {
namespace {

std::size_t bucketed(std::size_t rows) {
  return (rows + LinearPlan::bucket_rows - 1) / LinearPlan::bucket_rows * LinearPlan::bucket_rows;
}

/// Tensors of BertModel stand alone; those of a model with a head carry "bert." in front.
Result<std::string> find_prefix(const SafeTensors& weights) {
  for (const char* prefix : {"", "bert.", "model.", "0.auto_model."}) {
    if (weights.tensors().contains(std::string(prefix) + "embeddings.word_embeddings.weight"))
      return std::string(prefix);
  }
  return failure(
      ErrorCode::corrupt,
      "the weights have no tensor embeddings.word_embeddings.weight: they are not those of a BERT model");
}

struct Dense {
  std::vector<float> weights, bias;
};
Result<Dense> read_dense(const SafeTensors& weights, const std::string& name, std::size_t inputs,
                         std::size_t outputs) {
  const std::size_t shape[] = {outputs, inputs};
  const std::size_t bias_shape[] = {outputs};
  Dense dense;
  dense.weights = KITH_TRY(weights.read_f32(name + ".weight", shape));
  dense.bias = KITH_TRY(weights.read_f32(name + ".bias", bias_shape));
  return dense;
}

}  // namespace

// ── the encoder ──

BertEncoder::BertEncoder(const BertConfig& config, bool bf16)
    : config_(config), bf16_(bf16), kernels_(kernels_for_cpu()) {}
BertEncoder::~BertEncoder() = default;

Result<std::unique_ptr<BertEncoder>> BertEncoder::create(const BertConfig& config, const SafeTensors& weights,
                                                         bool bf16) {
  if (bf16 && !cpu_has_bf16()) {
    return failure(
        ErrorCode::failed_precondition,
        "this CPU has no bf16 instructions (AVX512_BF16 or AMX); use the precision f32 or automatic");
  }
  if (bf16 && config.head_dimension() % 2 != 0) {
    return failure(ErrorCode::failed_precondition, "bf16 needs an even head size; use the precision f32");
  }
  std::unique_ptr<BertEncoder> encoder(new BertEncoder(config, bf16));
  KITH_TRY(encoder->make_plans());
  const std::string prefix = KITH_TRY(find_prefix(weights));
  KITH_TRY(encoder->read_tables(weights, prefix));
  for (std::size_t layer = 0; layer < config.layers; ++layer) {
    KITH_TRY(encoder->read_layer(weights, prefix + "encoder.layer." + std::to_string(layer) + "."));
  }
  return encoder;
}

Status BertEncoder::make_plans() {
  const std::size_t hidden = config_.hidden;
  const std::size_t inner = config_.intermediate;
  LinearShape shapes[plan_count];
  shapes[project_plan] = {hidden, 3 * hidden, bf16_, bf16_, false, Activation::none};
  shapes[attention_out_plan] = {hidden, hidden, bf16_, false, true, Activation::none};
  shapes[intermediate_plan] = {hidden, inner, bf16_, bf16_, false, config_.activation};
  shapes[output_plan] = {inner, hidden, bf16_, false, true, Activation::none};
  for (const LinearShape& shape : shapes) plans_.push_back(KITH_TRY(LinearPlan::create(shape)));
  return {};
}

Result<BertEncoder::Norm> BertEncoder::read_norm(const SafeTensors& weights, const std::string& name) const {
  const std::size_t shape[] = {config_.hidden};
  Norm norm;
  // The first BERT checkpoints call them gamma and beta.
  const bool old_names = weights.tensors().contains(name + ".gamma");
  norm.gamma = KITH_TRY(weights.read_f32(name + (old_names ? ".gamma" : ".weight"), shape));
  norm.beta = KITH_TRY(weights.read_f32(name + (old_names ? ".beta" : ".bias"), shape));
  return norm;
}

Status BertEncoder::read_tables(const SafeTensors& weights, const std::string& prefix) {
  const auto table = [&](const char* name, std::size_t rows) {
    const std::size_t shape[] = {rows, config_.hidden};
    return weights.read_f32(prefix + "embeddings." + name + ".weight", shape);
  };
  words_ = KITH_TRY(table("word_embeddings", config_.vocabulary));
  positions_ = KITH_TRY(table("position_embeddings", config_.positions));
  types_ = KITH_TRY(table("token_type_embeddings", config_.token_types));
  embedding_norm_ = KITH_TRY(read_norm(weights, prefix + "embeddings.LayerNorm"));
  return {};
}

Status BertEncoder::read_layer(const SafeTensors& weights, const std::string& prefix) {
  const std::size_t hidden = config_.hidden;
  const std::size_t inner = config_.intermediate;
  Layer layer;
  Dense joined;
  for (const char* part : {"query", "key", "value"}) {
    const Dense dense = KITH_TRY(read_dense(weights, prefix + "attention.self." + part, hidden, hidden));
    joined.weights.insert(joined.weights.end(), dense.weights.begin(), dense.weights.end());
    joined.bias.insert(joined.bias.end(), dense.bias.begin(), dense.bias.end());
  }
  const auto lay_out = [&](Plan plan, const Dense& dense) {
    return LinearWeights::create(*plans_[plan], dense.weights, dense.bias);
  };
  layer.project = KITH_TRY(lay_out(project_plan, joined));
  layer.attention_out = KITH_TRY(lay_out(
      attention_out_plan, KITH_TRY(read_dense(weights, prefix + "attention.output.dense", hidden, hidden))));
  layer.intermediate = KITH_TRY(lay_out(
      intermediate_plan, KITH_TRY(read_dense(weights, prefix + "intermediate.dense", hidden, inner))));
  layer.output =
      KITH_TRY(lay_out(output_plan, KITH_TRY(read_dense(weights, prefix + "output.dense", inner, hidden))));
  layer.attention_norm = KITH_TRY(read_norm(weights, prefix + "attention.output.LayerNorm"));
  layer.output_norm = KITH_TRY(read_norm(weights, prefix + "output.LayerNorm"));
  layers_.push_back(std::move(layer));
  return {};
}

std::size_t BertEncoder::memory_bytes() const {
  std::size_t bytes = (words_.size() + positions_.size() + types_.size()) * sizeof(float);
  for (const Layer& layer : layers_) {
    bytes += layer.project->memory_bytes() + layer.attention_out->memory_bytes() +
             layer.intermediate->memory_bytes() + layer.output->memory_bytes() +
             4 * config_.hidden * sizeof(float);
  }
  return bytes;
}

Result<EncoderScratch> BertEncoder::make_scratch() const {
  std::vector<const LinearPlan*> plans;
  for (const auto& plan : plans_) plans.push_back(plan.get());
  EncoderScratch scratch;
  scratch.runner = KITH_TRY(LinearRunner::create(plans));
  scratch.intermediate =
      AlignedBuffer<float>(LinearPlan::rows_max * config_.intermediate / (bf16_ ? 2 : 1) + 16);
  if (bf16_) scratch.rounded = AlignedBuffer<std::uint16_t>(LinearPlan::rows_max * config_.hidden);
  scratch.attention =
      AlignedBuffer<float>(attention_scratch_floats(config_.positions, config_.head_dimension()));
  return scratch;
}

// ── one pass ──

BertPass::BertPass(const BertEncoder& encoder, std::size_t rows_max)
    : encoder_(encoder), rows_max_(bucketed(rows_max)) {
  const std::size_t values = rows_max_ * encoder.config().hidden;
  const std::size_t packed = encoder.bf16() ? values / 2 + 1 : values;
  stream_ = AlignedBuffer<float>(values);
  projected_ = AlignedBuffer<float>(3 * packed);
  context_ = AlignedBuffer<float>(packed);
  text_begins_.reserve(rows_max_ + 1);
  positions_.reserve(rows_max_);
}

std::size_t BertPass::memory_bytes() const {
  return stream_.memory_bytes() + projected_.memory_bytes() + context_.memory_bytes() + 8 * rows_max_;
}

void BertPass::start(const EncoderPack& pack, std::size_t shares) {
  pack_ = pack;
  rows_ = pack.ids.size();
  text_begins_.clear();
  positions_.clear();
  std::uint32_t row = 0;
  for (const std::uint32_t length : pack.lengths) {
    text_begins_.push_back(row);
    for (std::uint32_t i = 0; i < length; ++i) positions_.push_back(i);
    row += length;
  }
  text_begins_.push_back(row);
  const std::size_t share = bucketed((rows_ + shares - 1) / std::max<std::size_t>(1, shares));
  tile_rows_ = std::clamp(share, LinearPlan::bucket_rows, LinearPlan::rows_max);
  // Rows that fill up the last bucket are computed with: let them start from zero, not from what was left there.
  const std::size_t hidden = encoder_.config().hidden;
  std::fill_n(stream_.data() + rows_ * hidden, (bucketed(rows_) - rows_) * hidden, 0.0f);
  failed_ = false;
}

std::size_t BertPass::phase_count() const { return 2 * encoder_.config().layers + 1; }

std::size_t BertPass::chunk_count(std::size_t phase) const {
  if (phase % 2 == 1) return pack_.lengths.size() * encoder_.config().heads;
  return (rows_ + tile_rows_ - 1) / tile_rows_;
}

void BertPass::check(bool ok) {
  if (!ok) std::atomic_ref(failed_).store(true, std::memory_order_relaxed);
}

bool BertPass::sound() const {
  return !std::atomic_ref(const_cast<bool&>(failed_)).load(std::memory_order_relaxed);
}

std::span<const float> BertPass::hidden() const { return {stream_.data(), rows_ * encoder_.config().hidden}; }

void BertPass::run_chunk(std::size_t phase, std::size_t chunk, EncoderScratch& scratch) {
  if (phase % 2 == 1) return attend(chunk, scratch);
  const std::size_t begin = chunk * tile_rows_;
  const std::size_t rows = std::min(tile_rows_, rows_ - begin);
  const std::size_t layer = phase / 2;
  if (layer == 0) {
    embed_rows(begin, begin + rows);
    const Kernels& kernels = encoder_.kernels_;
    const BertConfig& config = encoder_.config_;
    kernels.layer_norm(stream_.data() + begin * config.hidden, rows, config.hidden,
                       encoder_.embedding_norm_.gamma.data(), encoder_.embedding_norm_.beta.data(),
                       config.layer_norm_epsilon, scratch.rounded.data());
  } else {
    finish_layer(layer - 1, begin, rows, scratch);
  }
  if (layer < encoder_.config_.layers) project(layer, begin, rows, scratch);
}

void BertPass::embed_rows(std::size_t begin, std::size_t end) {
  const std::size_t hidden = encoder_.config_.hidden;
  for (std::size_t row = begin; row < end; ++row) {
    const float* word = encoder_.words_.data() + pack_.ids[row] * hidden;
    const float* position = encoder_.positions_.data() + positions_[row] * hidden;
    const float* type = encoder_.types_.data() + (pack_.types.empty() ? 0 : pack_.types[row]) * hidden;
    float* out = stream_.data() + row * hidden;
    for (std::size_t i = 0; i < hidden; ++i) out[i] = word[i] + type[i] + position[i];
  }
}

/// The residual stream's rows as the linear layers take them: layer_norm has just left the bf16 copy in the scratch.
const void* BertPass::linear_input(std::size_t begin, EncoderScratch& scratch) const {
  if (encoder_.bf16_) return scratch.rounded.data();
  return stream_.data() + begin * encoder_.config_.hidden;
}

void BertPass::project(std::size_t layer, std::size_t begin, std::size_t rows, EncoderScratch& scratch) {
  const std::size_t floats_per_row = 3 * encoder_.config_.hidden / (encoder_.bf16_ ? 2 : 1);
  check(scratch.runner->run(BertEncoder::project_plan, *encoder_.layers_[layer].project,
                            linear_input(begin, scratch), projected_.data() + begin * floats_per_row, rows));
}

void BertPass::finish_layer(std::size_t index, std::size_t begin, std::size_t rows, EncoderScratch& scratch) {
  const BertEncoder::Layer& layer = encoder_.layers_[index];
  const BertConfig& config = encoder_.config_;
  const Kernels& kernels = encoder_.kernels_;
  LinearRunner& runner = *scratch.runner;
  float* stream = stream_.data() + begin * config.hidden;
  const auto* context = reinterpret_cast<const std::byte*>(context_.data()) +
                        begin * config.hidden * (encoder_.bf16_ ? sizeof(std::uint16_t) : sizeof(float));
  check(runner.run(BertEncoder::attention_out_plan, *layer.attention_out, context, stream, rows));
  kernels.layer_norm(stream, rows, config.hidden, layer.attention_norm.gamma.data(),
                     layer.attention_norm.beta.data(), config.layer_norm_epsilon, scratch.rounded.data());
  check(runner.run(BertEncoder::intermediate_plan, *layer.intermediate, linear_input(begin, scratch),
                   scratch.intermediate.data(), rows));
  check(runner.run(BertEncoder::output_plan, *layer.output, scratch.intermediate.data(), stream, rows));
  kernels.layer_norm(stream, rows, config.hidden, layer.output_norm.gamma.data(),
                     layer.output_norm.beta.data(), config.layer_norm_epsilon, scratch.rounded.data());
}

void BertPass::attend(std::size_t chunk, EncoderScratch& scratch) {
  const BertConfig& config = encoder_.config_;
  const std::size_t text = chunk / config.heads;
  const std::size_t head = chunk % config.heads;
  const std::size_t element = encoder_.bf16_ ? sizeof(std::uint16_t) : sizeof(float);
  const std::size_t begin = text_begins_[text];
  AttentionTask task;
  task.row_stride = 3 * config.hidden;
  task.key_offset = config.hidden;
  task.value_offset = 2 * config.hidden;
  task.query = reinterpret_cast<const std::byte*>(projected_.data()) +
               (begin * task.row_stride + head * config.head_dimension()) * element;
  task.tokens = text_begins_[text + 1] - begin;
  task.head_dimension = config.head_dimension();
  task.scale = 1.0f / std::sqrt(static_cast<float>(config.head_dimension()));
  task.out_stride = config.hidden;
  task.out = reinterpret_cast<std::byte*>(context_.data()) +
             (begin * task.out_stride + head * config.head_dimension()) * element;
  task.scratch = scratch.attention.data();
  const auto attention = encoder_.bf16_ ? encoder_.kernels_.attention_bf16 : encoder_.kernels_.attention_f32;
  attention(task);
}

void BertPass::run_all(EncoderScratch& scratch) {
  for (std::size_t phase = 0; phase < phase_count(); ++phase) {
    for (std::size_t chunk = 0; chunk < chunk_count(phase); ++chunk) run_chunk(phase, chunk, scratch);
  }
}

}  // namespace kith::model
