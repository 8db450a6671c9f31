import CKernels

/// A step over maps of bytes.
struct QuantizedKernel {
  enum Work {
    /// Rounds an image to bytes, in memory with a border around it.
    case stage(QuantizationParameters, padding: Int)
    case convolution(yx_quantized_convolution)
    case depthwise(yx_quantized_depthwise)
    case maxPool(yx_max_pool)
    case upsample2x(input: yx_layout)
    case copy(input: yx_layout)
  }

  let work: Work
  let kernels: yx_quantized_kernels
  /// The zero point of each lane of the output's blocks; `nil` if the output is float32.
  let zeros: UnsafePointer<UInt8>?

  var name: String {
    switch work {
    case .stage: "stage"
    case .convolution(let convolution): "int8 x\(convolution.taps)" + (convolution.parts == 2 ? " wide" : "")
    case .depthwise: "int8 depthwise"
    case .maxPool(let pool): "int8 max \(pool.kernel)"
    case .upsample2x: "int8 upsample"
    case .copy: "int8 copy"
    }
  }
}
