#!/usr/bin/env python3
"""Makes the golden fixtures of src/model/testdata with the reference implementation.

    python3 -m venv /tmp/goldens && /tmp/goldens/bin/pip install torch sentence-transformers
    /tmp/goldens/bin/python tools/make_model_goldens.py --minilm FOLDER   # FOLDER: all-MiniLM-L6-v2

Not needed to build or test Kith: its outputs are in the repository. It writes

  tiny_bert/            a complete sentence-transformers folder: 2 layers, 48 dimensions, random weights (seed below)
  tiny_golden.jsonl     {text, ids, offsets, document, query}: ids untruncated, vectors as base64 of f32
  tiny_pairs.jsonl      {a, b, max, ids, type_ids, offsets}
  tiny_variants.jsonl   {name, files, vectors}: the same weights under other poolings and activations
  minilm_golden.jsonl   {text, ids, offsets, vector}: vectors of all-MiniLM-L6-v2 as base64 of f16
  unicode_golden.txt    hashes of what the reference's BertNormalizer and BertPreTokenizer make of every code point

Licences: sentence-transformers, transformers, tokenizers (Apache-2.0) and PyTorch (BSD-3-Clause) only run here;
nothing of theirs is copied into the outputs. The tiny model's weights are random numbers and its vocabulary and all
texts were written for this file, so the fixtures are under the licence of the project. The vectors in
minilm_golden.jsonl come from all-MiniLM-L6-v2 (Apache-2.0).
"""

import argparse
import base64
import hashlib
import json
import pathlib
import shutil
import tempfile

import numpy as np
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from transformers import BertConfig, BertModel

SEED = 20261121
OUT = pathlib.Path(__file__).resolve().parent.parent / "src" / "model" / "testdata"

LONG = "Every valve has a number, a date and a keeper who signs for it. "
TEXTS = [
    "", " ", "\t\n \r\n", ".", "?!", "k", "Kith", "kith and kin", "KITH AND KIN", "  two   spaces  ",
    "It's the engine's; don't stop.", "Crème brûlée, façade, São Tomé, Zürich, Ærø",
    "Cre\u0300me bru\u0302le\u0301e (decomposed)", "Straße, STRASSE, ẞ", "İzmir ıssız IZMIR",
    "ﬁne ﬂour ﬃ", "½ ⅓ x² H₂O №5 ℃ ™ Ⅷ", "C++ C# F# .NET a_b_c --dry-run -O2 10.0.0.1 v2.0.1-rc3",
    "https://example.org/path?q=1&r=%20#top me@example.org", "for (int i = 0; i < n; ++i) sum += a[i]->b;",
    "SELECT name FROM parts WHERE price >= 3.50 AND kind <> 'x';", "z" * 99, "z" * 100, "z" * 101, "ab" * 300,
    "floccinaucinihilipilification electroencephalographically", "検索エンジンと近い隣人", "离我最近的邻居在哪里？「这里」。",
    "가장 가까운 이웃", "Ближайший сосед, ёж и Ёлка", "أقرب جار مُقَرَّب", "השכן הקרוב בְּיוֹתֵר", "เพื่อนบ้านที่ใกล้ที่สุด",
    "निकटतम पड़ोसी", "left中right 混合mixed", "𠀀𠮷 𝓚𝓲𝓽𝓱 𝟘𝟙", "🙂 👩‍🚀 🇪🇺 👍🏿 ❤️", "zero\u200bwidth\u200djoin\ufeffmark",
    "soft\u00adhyphen no\u00a0break narrow\u202fspace ideographic\u3000space", "line\u2028paragraph\u2029next\u0085end",
    "nul\u0000byte", "bell\u0007escape\u001b[0m\u007f", "\ufffd\ufffd broken", "\ue000private\uf8ff", "\u202eright to left\u202c",
    "[CLS] quoted [SEP] specials [MASK] [PAD] [UNK]", "[sep] [Mask] small", "a[SEP]b[MASK]c", "<s></s> <mask> <|end|>",
    "##ness ## #", "$5 €6 £7 ¥8 9% 1,000.5 −3", "0x1F 1e-9 23:59:59 2026-11-21T00:00:00Z +49-30-1234",
    "“quotes” ‘single’ «angles» – — … ¿qué? ¡ay!", "´ ` ^ ~ ¨ ¸", "e\u0301\u0323\u0302x", "Ω Å K", "ǅ ŉ ǆ ΣΑΣ ς",
    "Ｆｕｌｌｗｉｄｔｈ １２３ ﾊﾝｶｸ", "\u1734\u166d\U000111c9\U00011938 \u0898x \u2e52y",
    LONG * 3, LONG * 30, "How do I rotate the signing keys without downtime?",
    "A write is acknowledged only after it has reached the disk; a reader never sees half of it.",
    "The nearest neighbours of a vector are found by walking a graph whose links were made when points were added.",
]
PAIRS = [("", ""), ("kith", ""), ("", "kin"), ("Kith and kin", "nearest neighbours"), (LONG, "short"),
         ("short", LONG), (LONG * 2, LONG * 3), (LONG * 3, LONG * 2), ("C++ [SEP] C#", "naïve 中文")]
QUERY_PROMPT = "query: "


def b64(vector, kind="<f4"):
    return base64.b64encode(np.asarray(vector, dtype=kind).tobytes()).decode()


def dump(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=True, separators=(",", ":")) + "\n")


def tiny_vocabulary():
    words = ("kith kin and the a an of engine near nearest neighbour neighbours vector graph point points write read disk how do "
             "i rotate keys without down time every valve has number date keeper who signs for it don t stop s query left "
             "right creme brulee facade sao zurich strasse fine two spaces quoted specials dry run select name from where").split()
    singles = [chr(c) for c in range(33, 127) if not chr(c).isupper()] + list("äößøæçñéαβσςежкияاלשก中文検近い가")
    pieces = ["##" + c for c in "abcdefghijklmnopqrstuvwxyz0123456789еиоσς隣"] + ["##ing", "##ed", "##er", "##s", "##est", "##our", "##zz"]
    seen = []
    for token in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + singles + words + pieces:
        if token not in seen:
            seen.append(token)
    return {token: i for i, token in enumerate(seen)}


def tiny_tokenizer():
    vocabulary = tiny_vocabulary()
    special = lambda name: {"id": vocabulary[name], "content": name, "single_word": False, "lstrip": False,
                            "rstrip": False, "normalized": False, "special": True}
    added = [special(name) for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]
    piece = lambda kind, name, type_id: {kind: {"id": name, "type_id": type_id}}
    single = [piece("SpecialToken", "[CLS]", 0), piece("Sequence", "A", 0), piece("SpecialToken", "[SEP]", 0)]
    pair = single + [piece("Sequence", "B", 1), piece("SpecialToken", "[SEP]", 1)]
    return {
        "version": "1.0",
        # Both are to be ignored: the folder says how much the model reads, and packs need no padding.
        "truncation": {"direction": "Right", "max_length": 9, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
                    "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": {
            name: {"id": name, "ids": [vocabulary[name]], "tokens": [name]} for name in ("[CLS]", "[SEP]")}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": vocabulary},
    }


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")


def pooling(**on):
    flags = {f"pooling_mode_{name}": False for name in ("cls_token", "mean_tokens", "max_tokens",
             "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")}
    flags.update(on)
    return {"word_embedding_dimension": 48, "include_prompt": True, **flags}


def write_tiny(folder):
    torch.manual_seed(SEED)
    tokenizer = tiny_tokenizer()
    config = BertConfig(vocab_size=len(tokenizer["model"]["vocab"]), hidden_size=48, num_hidden_layers=2,
                        num_attention_heads=3, intermediate_size=80, max_position_embeddings=96, hidden_act="gelu",
                        initializer_range=0.3)
    model = BertModel(config, add_pooling_layer=False)
    with torch.no_grad():  # biases and norms away from 0 and 1, so that a mix-up shows
        for name, value in model.named_parameters():
            if value.dim() == 1:
                value.add_(torch.randn_like(value) * 0.2)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in model.state_dict().items() if v.is_floating_point()},
              folder / "model.safetensors", metadata={"format": "pt"})
    kept = ("attention_probs_dropout_prob hidden_act hidden_dropout_prob hidden_size initializer_range intermediate_size "
            "layer_norm_eps max_position_embeddings model_type num_attention_heads num_hidden_layers pad_token_id "
            "type_vocab_size vocab_size").split()
    values = config.to_dict()
    write_json(folder / "config.json", {"architectures": ["BertModel"], **{k: values[k] for k in kept}})
    write_json(folder / "tokenizer.json", tokenizer)
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 10**30, "cls_token": "[CLS]",
        "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"})
    kind = lambda name: f"sentence_transformers.models.{name}"
    write_json(folder / "modules.json", [
        {"idx": 0, "name": "0", "path": "", "type": kind("Transformer")},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": kind("Pooling")},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": kind("Normalize")}])
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 64, "do_lower_case": False})
    write_json(folder / "config_sentence_transformers.json",
               {"prompts": {"query": QUERY_PROMPT, "document": ""}, "default_prompt_name": None})
    write_json(folder / "1_Pooling" / "config.json", pooling(pooling_mode_mean_tokens=True))


def untruncated(path):
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def load(folder):
    model = SentenceTransformer(str(folder), device="cpu")
    return model.eval()


def encode(model, texts, **options):
    # One text at a time: nothing is padded, so nothing depends on its neighbours.
    return [model.encode([text], convert_to_numpy=True, **options)[0] for text in texts]


def variants(tiny):
    gelu = lambda name: {"config.json": {**json.loads((tiny / "config.json").read_text()), "hidden_act": name}}
    pool = lambda **on: {"1_Pooling/config.json": pooling(**on)}
    modules = json.loads((tiny / "modules.json").read_text())[:2]
    return [
        ("cls", pool(pooling_mode_cls_token=True)),
        ("max", pool(pooling_mode_max_tokens=True)),
        ("mean_sqrt", pool(pooling_mode_mean_sqrt_len_tokens=True)),
        ("weighted_mean", pool(pooling_mode_weightedmean_tokens=True)),
        ("last_token", pool(pooling_mode_lasttoken=True)),
        ("cls_max_mean", pool(pooling_mode_cls_token=True, pooling_mode_max_tokens=True, pooling_mode_mean_tokens=True)),
        ("without_prompt", pool(pooling_mode_mean_tokens=True, include_prompt=False)),
        ("not_normalized", {"modules.json": modules}),
        ("gelu_new", gelu("gelu_new")),
        ("relu", gelu("relu")),
        ("short", {"sentence_bert_config.json": {"max_seq_length": 12, "do_lower_case": False}}),
    ]


def make_tiny():
    tiny = OUT / "tiny_bert"
    write_tiny(tiny)
    tokenizer = untruncated(tiny / "tokenizer.json")
    model = load(tiny)
    rows = []
    documents = encode(model, TEXTS)
    queries = encode(model, TEXTS, prompt_name="query")
    for text, document, query in zip(TEXTS, documents, queries):
        encoded = tokenizer.encode(text)
        rows.append({"text": text, "ids": encoded.ids, "offsets": encoded.offsets, "document": b64(document), "query": b64(query)})
    dump(OUT / "tiny_golden.jsonl", rows)

    rows = []
    for a, b in PAIRS:
        for most in (5, 16, 17, 64):
            tokenizer.enable_truncation(most, strategy="longest_first")
            encoded = tokenizer.encode(a, b)
            rows.append({"a": a, "b": b, "max": most, "ids": encoded.ids, "type_ids": encoded.type_ids, "offsets": encoded.offsets})
    dump(OUT / "tiny_pairs.jsonl", rows)

    texts = [TEXTS[i] for i in (0, 6, 11, 59)]
    rows = []
    for name, files in variants(tiny):
        with tempfile.TemporaryDirectory() as work:
            folder = pathlib.Path(work) / "model"
            shutil.copytree(tiny, folder)
            for path, value in files.items():
                write_json(folder / path, value)
            changed = load(folder)
            rows.append({"name": name, "files": files, "texts": texts, "documents": [b64(v) for v in encode(changed, texts)],
                         "queries": [b64(v) for v in encode(changed, texts, prompt_name="query")]})
    dump(OUT / "tiny_variants.jsonl", rows)


def make_minilm(folder):
    tokenizer = untruncated(folder / "tokenizer.json")
    vectors = encode(load(folder), TEXTS)
    rows = []
    for text, vector in zip(TEXTS, vectors):
        encoded = tokenizer.encode(text)
        rows.append({"text": text, "ids": encoded.ids, "offsets": encoded.offsets, "vector": b64(vector, "<f2")})
    dump(OUT / "minilm_golden.jsonl", rows)


def make_unicode():
    """For each block of 4,096 code points: SHA-256 over the words that "a" + c + "b" becomes, under two settings."""
    settings = [BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True),
                BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=False)]
    split = BertPreTokenizer()
    lines = []
    for begin in range(0, 0x110000, 4096):
        digests = []
        for normalizer in settings:
            digest = hashlib.sha256()
            for code in range(begin, begin + 4096):
                if 0xD800 <= code < 0xE000:
                    continue
                words = split.pre_tokenize_str(normalizer.normalize_str("a" + chr(code) + "b"))
                digest.update(("|".join(word for word, _ in words) + "\n").encode())
            digests.append(digest.hexdigest()[:16])
        lines.append(f"{begin:06x} {digests[0]} {digests[1]}")
    (OUT / "unicode_golden.txt").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minilm", type=pathlib.Path, help="folder of all-MiniLM-L6-v2; left out: that file stays as it is")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    make_unicode()
    make_tiny()
    if arguments.minilm:
        make_minilm(arguments.minilm)


if __name__ == "__main__":
    main()
