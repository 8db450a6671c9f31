import CKernels

extension Activation {
  var kernelCode: yx_activation {
    switch self {
    case .silu: YX_SILU
    case .relu: YX_RELU
    case .leakyReLU: YX_LEAKY_RELU
    case .relu6: YX_RELU6
    case .hardSwish: YX_HARD_SWISH
    case .sigmoid: YX_SIGMOID
    }
  }
}

extension Activation? {
  var kernelCode: yx_activation { self?.kernelCode ?? YX_IDENTITY }
  /// The code after an optimized convolution, whose weights are multiplied by log2 e if a SiLU follows.
  var codeAfterConvolution: yx_activation { self == .silu ? YX_SILU_OF_LOG2 : kernelCode }
}
