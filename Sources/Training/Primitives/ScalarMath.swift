import PlatformC

func exponential(_ x: Float) -> Float { exp(x) }

func naturalLogarithm(_ x: Float) -> Float { log(x) }

func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

/// Binary cross entropy of a logit, without overflow: max(x, 0) - x t + log(1 + exp(-|x|)).
func crossEntropy(logit x: Float, target: Float) -> Float { max(x, 0) - x * target + log1p(exp(-abs(x))) }

func cosine(_ x: Double) -> Double { cos(x) }

func exponential(_ x: Double) -> Double { exp(x) }
