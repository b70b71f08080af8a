// Copies of the suppression list and its evidence, in an account of their own: what befalls the list's account
// leaves them alone. Nobody may write here but who makes the copies and who restores them; the app may not.
param location string
param tags object
param name string
param replication string
param keptDays int
param operatorsGroupId string
param backupPrincipalId string
param listStorageName string
param isLocked bool
param auditWorkspaceId string

var storageTableDataReader = '76199698-9eea-4c19-bc75-cec21354c6b6'
// No smaller role that is built in may write a blob.
var storageBlobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var backupContainer = 'backups'

module storage 'storage-account.bicep' = {
  name: 'backup-storage-account'
  params: {
    location: location
    tags: tags
    name: name
    replication: replication
    containerName: backupContainer
    keptDays: keptDays
  }
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: name
}

resource listAccount 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: listStorageName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' existing = {
  parent: account
  name: 'default'
}

resource backups 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' existing = {
  parent: blobs
  name: backupContainer
}

resource keepsTheCopies 'Microsoft.Authorization/locks@2016-09-01' = if (isLocked) {
  name: 'keep-the-backups'
  scope: account
  dependsOn: [storage]
  properties: {
    level: 'CanNotDelete'
    notes: 'Copies of the suppression list and its evidence. docs/deploy.md says how to take it down.'
  }
}

// Which copies were written and deleted, and by whom; a line names the blob, and nobody's number. The alert of
// a copy that is missing asks it.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: blobs
  dependsOn: [storage]
  properties: {
    workspaceId: auditWorkspaceId
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

resource operatorsRestore 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(backups.id, operatorsGroupId, storageBlobDataContributor)
  scope: backups
  dependsOn: [storage]
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataContributor)
  }
}

resource pipelineWritesCopies 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(backupPrincipalId)) {
  name: guid(backups.id, backupPrincipalId, storageBlobDataContributor)
  scope: backups
  dependsOn: [storage]
  properties: {
    principalId: backupPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataContributor)
  }
}

// It reads everything, and can change nothing.
resource pipelineReadsTheList 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(backupPrincipalId)) {
  name: guid(listAccount.id, backupPrincipalId, storageTableDataReader)
  scope: listAccount
  properties: {
    principalId: backupPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageTableDataReader)
  }
}

output id string = storage.outputs.id
output containerUrl string = storage.outputs.containerUrl
