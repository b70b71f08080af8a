// A storage account that takes nobody's key, with one private container.
param location string
param tags object
param name string
param replication string
param containerName string
@description('After how many days a blob is deleted by itself. 0: never.')
param keptDays int = 0

// Versions would stay for ever, with the numbers and texts of what was deleted long ago.
var forgetVersions = {
  name: 'forget-versions'
  type: 'Lifecycle'
  enabled: true
  definition: {
    filters: {
      blobTypes: ['blockBlob']
    }
    actions: {
      version: {
        delete: {
          daysAfterCreationGreaterThan: 30
        }
      }
    }
  }
}

var forgetBlobs = {
  name: 'forget-blobs'
  type: 'Lifecycle'
  enabled: true
  definition: {
    filters: {
      blobTypes: ['blockBlob']
    }
    actions: {
      baseBlob: {
        delete: {
          daysAfterCreationGreaterThan: keptDays
        }
      }
    }
  }
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  // checkov:skip=CKV_AZURE_35:Flex Consumption without a network of its own has no address to allow; identity decides
  // checkov:skip=CKV_AZURE_59:As above: the endpoint is public, anonymous access and keys are off
  // checkov:skip=CKV_AZURE_206:The parameter allows replicated kinds only, which the check does not see
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: replication
  }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      defaultAction: 'Allow'
      bypass: 'AzureServices'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: {
      enabled: true
      days: 30
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 30
    }
  }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01' = {
  parent: account
  name: 'default'
  dependsOn: [blobs]
  properties: {
    policy: {
      rules: (keptDays > 0) ? [forgetVersions, forgetBlobs] : [forgetVersions]
    }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: containerName
  properties: {
    publicAccess: 'None'
  }
}

output id string = account.id
output blobEndpoint string = account.properties.primaryEndpoints.blob
output tableEndpoint string = account.properties.primaryEndpoints.table
output queueEndpoint string = account.properties.primaryEndpoints.queue
output containerUrl string = '${account.properties.primaryEndpoints.blob}${container.name}'
