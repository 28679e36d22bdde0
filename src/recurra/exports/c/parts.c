/* The functions of a written net, each under its name and the names of those that it calls. They compute what the
   engine does (native/src/kernels/) in int8 on every processor, and in float32 by its portable kernels, operation by
   operation, so that the bits are the same: nothing here may be joined, ordered anew or simplified. Not here: what a net
   consists of, which program.py writes. */

/*: nearest | */
/* What is added to a value between -2^22 and 2^22 loses its fraction, ties to even; less MIDDLE it is the whole number. */
#define MIDDLE 12582912.0f

/*: power | nearest */
/* 2 to the power of a whole number from -126 to 127, which MIDDLE was added to: its bits, moved into the exponent. */
static float power(float rounded) {
  uint32_t bits;
  memcpy(&bits, &rounded, sizeof bits);
  bits = (bits << 23) + 0x3f800000u;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/*: between | */
static float between(float lowest, float value, float highest) {
  value = value < lowest ? lowest : value;
  return value > highest ? highest : value;
}

/*: decay | power between */
/* e^-value, exact to the last bits: a power of two times a polynomial of degree 5. */
static float decay(float value) {
  value = between(-88.0f, value, 88.0f);
  const float rounded = value * -1.44269504f + MIDDLE;
  const float whole = rounded - MIDDLE;
  const float rest = (whole * 0.693359375f + value) - whole * 2.12194440e-4f;
  float sum = rest * -0.00829029735f + 0.0418980233f;
  sum = sum * rest - 0.166676372f;
  sum = sum * rest + 0.499991477f;
  sum = sum * rest - 0.999999702f;
  sum = sum * rest + 1.0f;
  return sum * power(rounded);
}

/*: sigmoid_exact | decay */
/* 1 / (1 + e^-value), exact to the last bits. */
static float sigmoid_exact(float value) { return 1.0f / (1.0f + decay(value)); }

/*: softmax | decay */
/* Values as shares of one. */
static void softmax(float *values, int size) {
  float highest = values[0], sum = 0.0f;
  for (int k = 1; k < size; ++k) highest = values[k] > highest ? values[k] : highest;
  for (int k = 0; k < size; ++k) sum += values[k] = decay(highest - values[k]);
  for (int k = 0; k < size; ++k) values[k] /= sum;
}

/*: tanh_exact | between */
/* tanh, exact to the last bits in proportion to itself: value * P(value^2) / Q(value^2). */
static float tanh_exact(float value) {
  const float squared = value * value;
  const float square = squared < 60.0625f ? squared : 60.0625f;
  float over = square * 1.17330646e-5f + 0.00297909928f;
  over = over * square + 0.129518196f;
  float under = square * 2.55703895e-7f + 2.42642185e-4f;
  under = under * square + 0.023930423f;
  under = under * square + 0.462850928f;
  return between(-1.0f, value * ((over * square + 1.0f) * (1.0f / (under * square + 1.0f))), 1.0f);
}

/*: sigmoid_quick | power between */
/* 1 / (1 + e^-value), exact to 5e-4 in proportion to itself, as int8 takes it. */
static float sigmoid_quick(float value) {
  value = between(-126.0f, value * -1.44269504f, 126.0f);
  const float rounded = (value - 0.5f) + MIDDLE;
  const float rest = value - (rounded - MIDDLE);
  const float mantissa = ((rest * 0.0782674558f + 0.226308376f) * rest + 0.695424168f) * rest + 1.0f;
  return 1.0f / (1.0f + mantissa * power(rounded));
}

/*: tanh_quick | between */
/* tanh, exact to 5e-4 in proportion to itself, as int8 takes it. */
static float tanh_quick(float value) {
  const float squared = value * value;
  const float square = squared < 25.0f ? squared : 25.0f;
  const float over = (square * 6.7790068e-4f + 0.102735825f) * square + 1.0f;
  const float under = (square * 0.0129038468f + 0.435847849f) * square + 1.0f;
  return between(-1.0f, value * (over * (1.0f / under)), 1.0f);
}

/*: relu | */
static float relu(float value) { return value < 0.0f ? 0.0f : value; }

/*: add_product | */
/* sums[row] += weights[row] . values: the weights of eight rows lie side by side, those of the last rows one by one. Each
   sum takes its terms in order, so that vectors of sums have the same bits. */
#if defined(__GNUC__) && (defined(__SSE__) || defined(__ARM_NEON))
typedef float four __attribute__((vector_size(16), aligned(4), may_alias));
#define FOUR(at) (*(four *)(void *)(at))
#define FOUR_OF(at) (*(const four *)(const void *)(at))
#endif
static void add_product(float *sums, const float *weights, const float *values, int rows, int depth) {
  for (; rows >= 8; rows -= 8, sums += 8) {
#if defined(FOUR)
    four low = FOUR(sums), high = FOUR(sums + 4);
    for (int k = 0; k < depth; ++k, weights += 8) {
      low += values[k] * FOUR_OF(weights);
      high += values[k] * FOUR_OF(weights + 4);
    }
    FOUR(sums) = low;
    FOUR(sums + 4) = high;
#else
    float a = sums[0], b = sums[1], c = sums[2], d = sums[3], e = sums[4], f = sums[5], g = sums[6], h = sums[7];
    for (int k = 0; k < depth; ++k, weights += 8) {
      const float value = values[k];
      a += value * weights[0];
      b += value * weights[1];
      c += value * weights[2];
      d += value * weights[3];
      e += value * weights[4];
      f += value * weights[5];
      g += value * weights[6];
      h += value * weights[7];
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    sums[4] = e;
    sums[5] = f;
    sums[6] = g;
    sums[7] = h;
#endif
  }
  for (; rows > 0; --rows, ++sums) {
    float sum = *sums;
    for (int k = 0; k < depth; ++k) sum += values[k] * *weights++;
    *sums = sum;
  }
}

/*: take_row | */
/* A row of a table whose rows lie as those of add_product. */
static void take_row(float *into, const float *table, int32_t row, int32_t rows, int size) {
  const int32_t block = row / 8;
  const int apart = block < rows / 8 ? 8 : 1;
  const float *from = table + (size_t)block * 8 * size + (apart == 8 ? row % 8 : row % 8 * size);
  for (int k = 0; k < size; ++k) into[k] = from[k * apart];
}

/*: take_levels | nearest */
/* Values as whole numbers from -127 to 127; returns the step from one of them to the next. A row of zeros has the step 0,
   one in which anything is not finite has a step that is not a number; the levels of both are 0. */
static float take_levels(int8_t *levels, const float *values, int size) {
  uint32_t most = 0; /* bits without the sign are in the order of the values */
  for (int k = 0; k < size; ++k) {
    uint32_t bits;
    memcpy(&bits, values + k, sizeof bits);
    bits &= 0x7fffffffu;
    if (bits > most) most = bits;
  }
  if (most >= 0x7f800000u) most = 0x7fc00000u;
  float largest;
  memcpy(&largest, &most, sizeof largest);
  if (!(largest >= 0x1p-100f)) {
    memset(levels, 0, (size_t)size);
    return largest * 0.0f;
  }
  const float scale = 127.0f / largest;
  for (int k = 0; k < size; ++k) levels[k] = (int8_t)((values[k] * scale + MIDDLE) - MIDDLE);
  return largest / 127.0f;
}

/*: add_levels | */
/* sums[row] += (weights[row] . levels) * the row's step * step: a sum of whole numbers is exact. */
static void add_levels(float *sums, const int8_t *weights, const float *steps, const int8_t *levels, float step,
                       int rows, int depth) {
  for (int row = 0; row < rows; ++row) {
    int32_t sum = 0;
    for (int k = 0; k < depth; ++k) sum += (int32_t)levels[k] * *weights++;
    sums[row] += (float)sum * steps[row] * step;
  }
}
