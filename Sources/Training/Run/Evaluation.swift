import COCO
import Engine
import YOLOX

/// Evaluates weights as they are served: with the inference engine and COCO's metrics.
package struct Evaluation {
  package let dataset: DetectionDataset

  package init(dataset: DetectionDataset) { self.dataset = dataset }

  /// Detections in each image of the data set, boxes in pixels of the image.
  package func detections(_ weights: PretrainedWeights, pool: WorkerPool) throws -> [[Detection]] {
    var predictor = Predictor(try Model(weights), pool: pool)
    return try dataset.entries.indices.map {
      predictor.detect(try dataset.image($0), options: .evaluation)
    }
  }

  package func accumulated(_ detections: [[Detection]]) -> PrecisionRecall {
    let categoryIDs = dataset.annotations.categoryIDs
    let rows = zip(dataset.entries, detections).flatMap { entry, found in
      found.map { detection in
        let box = detection.box
        return DetectionRecord(
          imageID: entry.imageID, categoryID: categoryIDs[detection.classID],
          box: [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1].map { Double($0) },
          score: Double(detection.score))
      }
    }
    return Evaluator(annotations: dataset.annotations, results: rows).accumulated()
  }

  package func callAsFunction(_ weights: PretrainedWeights, pool: WorkerPool) throws -> Summary {
    Summary(accumulated(try detections(weights, pool: pool)))
  }
}
