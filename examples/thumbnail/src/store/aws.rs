//! Images and thumbnails in S3, metadata in DynamoDB: one item per image, with the partition key `object`.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use pilaster::BoxError;

use super::Source;
use crate::upload::Metadata;

#[derive(Clone, Debug)]
pub(super) struct Aws {
    s3: aws_sdk_s3::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    table: String,
}

impl Aws {
    pub(super) fn new(s3: aws_sdk_s3::Client, dynamodb: aws_sdk_dynamodb::Client, table: String) -> Self {
        Self { s3, dynamodb, table }
    }

    pub(super) async fn read(&self, bucket: &str, key: &str, limit: u64) -> Result<Option<Source>, BoxError> {
        let mut object = self.s3.get_object().bucket(bucket).key(key).send().await?;
        let mut bytes = Vec::new();
        while let Some(part) = object.body.try_next().await? {
            bytes.extend_from_slice(&part);
            // The event may describe a smaller object that has since been replaced.
            if bytes.len() as u64 > limit {
                return Ok(None);
            }
        }
        Ok(Some(Source { bytes, e_tag: object.e_tag, version_id: object.version_id }))
    }

    pub(super) async fn write(&self, bucket: &str, key: &str, jpeg: Vec<u8>) -> Result<(), BoxError> {
        let put = self.s3.put_object().bucket(bucket).key(key).content_type("image/jpeg");
        put.body(jpeg.into()).send().await?;
        Ok(())
    }

    pub(super) async fn record(&self, metadata: &Metadata) -> Result<bool, BoxError> {
        let mut put = self.dynamodb.put_item().table_name(&self.table).set_item(Some(serde_dynamo::to_item(metadata)?));
        // Sequencers are zero-padded on the right and compared as text, which also works unpadded
        // (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
        if let Some(sequencer) = &metadata.sequencer {
            put = put
                .condition_expression("attribute_not_exists(sequencer) OR sequencer <= :this")
                .expression_attribute_values(":this", AttributeValue::S(sequencer.clone()));
        }
        match put.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), PutItemError::ConditionalCheckFailedException(_)) =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}
