#include <kith/options.h>

namespace kith {

const char* distance_name(Distance distance) {
  switch (distance) {
    case Distance::cosine:
      return "Cosine";
    case Distance::dot:
      return "Dot";
    case Distance::euclid:
      return "Euclid";
    case Distance::manhattan:
      return "Manhattan";
  }
  return "Cosine";
}

const char* vector_kind_name(VectorKind kind) {
  switch (kind) {
    case VectorKind::dense:
      return "dense";
    case VectorKind::sparse:
      return "sparse";
    case VectorKind::multi:
      return "multi";
  }
  return "dense";
}

const char* vector_datatype_name(VectorDatatype datatype) {
  switch (datatype) {
    case VectorDatatype::f32:
      return "float32";
    case VectorDatatype::f16:
      return "float16";
    case VectorDatatype::u8:
      return "uint8";
  }
  return "float32";
}

const char* field_kind_name(FieldKind kind) {
  switch (kind) {
    case FieldKind::keyword:
      return "keyword";
    case FieldKind::integer:
      return "integer";
    case FieldKind::floating:
      return "float";
    case FieldKind::boolean:
      return "bool";
    case FieldKind::geo:
      return "geo";
    case FieldKind::datetime:
      return "datetime";
    case FieldKind::uuid:
      return "uuid";
    case FieldKind::text:
      return "text";
  }
  return "keyword";
}

const char* text_tokenizer_name(TextTokenizer tokenizer) {
  switch (tokenizer) {
    case TextTokenizer::word:
      return "word";
    case TextTokenizer::whitespace:
      return "whitespace";
    case TextTokenizer::prefix:
      return "prefix";
    case TextTokenizer::multilingual:
      return "multilingual";
  }
  return "word";
}

const char* durability_name(Durability durability) {
  switch (durability) {
    case Durability::always:
      return "always";
    case Durability::interval:
      return "interval";
    case Durability::os:
      return "os";
  }
  return "always";
}

}  // namespace kith
